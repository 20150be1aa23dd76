import { ancestorOf } from './fates.js';
import { selectRole, type Candidate } from './selection.js';
import type { TaskState } from './task-state.js';

/** The domain a task belongs to: the craft of its role, or of the role that fits it best; sub-tasks stay where their task is. Pure and stable. */
export const domainOf = (tasks: readonly TaskState[], task: TaskState, roster: readonly Candidate[]): string => {
  const { title, role } = ancestorOf(tasks, task);
  const chosen = selectRole({ title, role }, roster, new Map()).role;
  return roster.find(({ name }) => name === chosen)?.craft ?? 'general';
};

/** Parts of at most `size` tasks of the plan, in its order, as a manager splits what is too much for one; sub-tasks stay where their task is. Null = not among `owned`, which gives each its place in that order. */
export const partOf = (tasks: readonly TaskState[], owned: ReadonlyMap<string, number>, task: TaskState, size: number): string | null => {
  const at = owned.get(ancestorOf(tasks, task).id);
  return at === undefined ? null : String(Math.floor(at / size) + 1);
};
