import type { BlobRef } from './model-call.js';
import { taskOf, type SwarmState } from './swarm-state.js';
import { openTask, specOf, type TaskState } from './task-state.js';
import { isSettled, type TaskSpec, type TaskStatus } from './task-graph.js';
import { findTask } from './task-index.js';

/** What became of a task, as its owner tells those whose tasks need it; sub-tasks included, since they belong to its result. */
export interface Fate {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly output: BlobRef | null;
  /** Nothing may build on it. */
  readonly isLost: boolean;
  readonly subTasks: readonly { readonly spec: TaskSpec; readonly parent: string; readonly status: TaskStatus; readonly output: BlobRef | null; readonly isLost: boolean }[];
}

/** Failed, cancelled, or skipped because something it needed was lost; not what its own policy gave up. */
export const isLost = ({ status, givenUp }: TaskState): boolean => status === 'failed' || status === 'cancelled' || (status === 'skipped' && !givenUp);

/** The task of the plan that `task` descends from; itself where nobody split anything. */
export const ancestorOf = (tasks: readonly TaskState[], task: TaskState): TaskState => {
  let at = task;
  for (let parent = at.parent; parent !== null; parent = at.parent) at = findTask(tasks, parent) ?? { ...at, parent: null };
  return at;
};

/** Null while the task or one of its sub-tasks is not settled. */
export const fateOf = (tasks: readonly TaskState[], taskId: string): Fate | null => {
  const task = findTask(tasks, taskId);
  if (!task || !isSettled(task)) return null;
  const below = tasks.filter((other) => other.parent !== null && ancestorOf(tasks, other).id === taskId);
  if (!below.every(isSettled)) return null;
  return {
    taskId,
    status: task.status,
    output: task.output,
    isLost: isLost(task) || below.some(isLost),
    subTasks: below.map((sub) => ({ spec: specOf(sub), parent: sub.parent ?? taskId, status: sub.status, output: sub.output, isLost: isLost(sub) })),
  };
};

/** Takes over what an owner said of its task; told twice, the second time changes nothing. */
export const learnFate = (state: SwarmState, { taskId, status, output, isLost: lost, subTasks }: Fate): void => {
  const task = taskOf(state, taskId);
  if (!task || isSettled(task)) return;
  for (const sub of subTasks) {
    if (taskOf(state, sub.spec.id)) continue;
    for (const other of state.tasks) if (other.id !== taskId && other.dependsOn.includes(sub.parent)) other.dependsOn = [...other.dependsOn, sub.spec.id];
    state.tasks.push({ ...openTask(sub.spec, { parent: sub.parent }), status: sub.status, output: sub.output, givenUp: !sub.isLost });
  }
  task.status = status;
  task.output = output;
  task.givenUp = !lost;
};

/** Learns fates in any order: one of a task that is not known yet is kept until it is. Returns what to call with news, and after tasks were added. */
export const openLearning = (state: SwarmState): { readonly learn: (fates: readonly Fate[]) => void; readonly catchUp: () => void } => {
  const early = new Map<string, Fate>();
  const learn = (fates: readonly Fate[]): void => {
    for (const fate of fates)
      if (taskOf(state, fate.taskId)) learnFate(state, fate);
      else early.set(fate.taskId, fate);
  };
  const catchUp = (): void => {
    const waiting = [...early.values()];
    early.clear();
    learn(waiting);
  };
  return { learn, catchUp };
};

/** Open tasks that wait, directly, for something that is lost. */
export const doomedTasks = (tasks: readonly TaskState[]): readonly { readonly task: TaskState; readonly because: string }[] => {
  const lost = new Set(tasks.filter(isLost).map(({ id }) => id));
  return tasks.flatMap((task) => {
    const because = task.status === 'pending' ? task.dependsOn.find((id) => lost.has(id)) : undefined;
    return because === undefined ? [] : [{ task, because }];
  });
};

/** For each task that somebody else's tasks need: who they are. `ownerOf` null = nobody yet. */
export const interestsOf = (tasks: readonly TaskState[], ownerOf: (task: TaskState) => string | null): Readonly<Record<string, readonly string[]>> => {
  const interests = new Map<string, Set<string>>();
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const task of tasks) {
    const owner = ownerOf(task);
    if (owner === null || isSettled(task)) continue;
    for (const need of task.dependsOn) {
      const needed = byId.get(need);
      if (needed && ownerOf(needed) !== owner) interests.set(need, (interests.get(need) ?? new Set()).add(owner));
    }
  }
  return Object.fromEntries([...interests].map(([id, owners]) => [id, [...owners]]));
};
