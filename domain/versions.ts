/** Tells news from what was overtaken on the way: signals between workflows may arrive in another order than they were sent. A message without a number, as older versions send it, is news. */
export const openVersions = (): ((version: number | undefined) => boolean) => {
  let last = 0;
  return (version = last + 1) => {
    if (version <= last) return false;
    last = version;
    return true;
  };
};

/** Numbers what one sender sends, from 1. */
export const openCounter = (): (() => number) => {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
};
