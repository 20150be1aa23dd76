import type { CliIo } from './deps.js';

export const INTERRUPTED = Symbol('interrupted');

/** Runs `work` until it ends or Ctrl-C comes: then its signal is aborted and `INTERRUPTED` returned at once. */
export const untilInterrupted = async <T>(io: CliIo, work: (signal: AbortSignal) => Promise<T>): Promise<T | typeof INTERRUPTED> => {
  const stop = new AbortController();
  let release = (): void => {};
  const interrupted = new Promise<typeof INTERRUPTED>((resolve) => {
    release = io.onInterrupt(() => {
      stop.abort();
      resolve(INTERRUPTED);
    });
  });
  try {
    const working = work(stop.signal);
    // What the aborted work still throws has nobody to go to.
    working.catch(() => {});
    return await Promise.race([working, interrupted]);
  } finally {
    release();
  }
};
