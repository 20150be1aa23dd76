/** The part of a task that its critical path reads; times in ms since 1970, null where it has not come to that. */
export interface TimedTask {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface CriticalPath {
  /** Ids from the first task to the last. */
  readonly tasks: readonly string[];
  /** What these took together: no number of agents makes the graph faster. */
  readonly durationMs: number;
}

/** The chain of dependent tasks that took longest; a task that runs counts up to `now`, one that has not started counts nothing. Pure, O(tasks + edges); a graph without cycles is assumed. */
export const criticalPath = (tasks: readonly TimedTask[], now: number): CriticalPath => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const best = new Map<string, CriticalPath>();
  const order: TimedTask[] = [];
  const seen = new Set<string>();
  for (const root of tasks) {
    const stack: { readonly task: TimedTask; readonly isLeaving: boolean }[] = [{ task: root, isLeaving: false }];
    for (let top = stack.pop(); top; top = stack.pop()) {
      if (top.isLeaving) order.push(top.task);
      else if (!seen.has(top.task.id)) {
        seen.add(top.task.id);
        stack.push({ task: top.task, isLeaving: true });
        for (const id of top.task.dependsOn) {
          const needed = byId.get(id);
          if (needed && !seen.has(id)) stack.push({ task: needed, isLeaving: false });
        }
      }
    }
  }
  for (const { id, dependsOn, startedAt, endedAt } of order) {
    const own = startedAt === null ? 0 : Math.max(0, (endedAt ?? now) - startedAt);
    const before = dependsOn.flatMap((need) => best.get(need) ?? []).reduce<CriticalPath>((long, path) => (path.durationMs > long.durationMs ? path : long), NOTHING);
    best.set(id, { tasks: [...before.tasks, id], durationMs: before.durationMs + own });
  }
  return [...best.values()].reduce<CriticalPath>((long, path) => (path.durationMs > long.durationMs ? path : long), NOTHING);
};

const NOTHING: CriticalPath = { tasks: [], durationMs: 0 };
