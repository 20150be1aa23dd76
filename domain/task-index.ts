interface Positions {
  /** Tasks of the list that have been looked at. */
  seen: number;
  readonly byId: Map<string, number>;
}

const known = new WeakMap<readonly object[], Positions>();

/** The task of an id, in constant time: a list of tasks only grows, and one of them is at most replaced in its place, so where each stands is kept beside the list. */
export const findTask = <T extends { readonly id: string }>(tasks: readonly T[], id: string | undefined): T | undefined => {
  const positions = known.get(tasks) ?? { seen: 0, byId: new Map<string, number>() };
  known.set(tasks, positions);
  for (; positions.seen < tasks.length; positions.seen += 1) {
    const task = tasks[positions.seen];
    if (task && !positions.byId.has(task.id)) positions.byId.set(task.id, positions.seen);
  }
  const at = id === undefined ? undefined : positions.byId.get(id);
  return at === undefined ? undefined : tasks[at];
};
