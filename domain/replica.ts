import { canonical } from './canonical.js';
import { isSettled } from './task-graph.js';
import type { TaskState } from './task-state.js';

/**
 * The state that regions share: a state-based CRDT. Every part of it is a register that keeps the greatest value of a total order, so `merge` is commutative,
 * associative and idempotent: replicas that have seen the same updates are equal, in whatever order, however often and over whomever these came.
 */
export interface Replica {
  /** By task id. */
  readonly tasks: Readonly<Record<string, Entry>>;
  /** By region. */
  readonly regions: Readonly<Record<string, Membership>>;
}

/** Where a task was placed and what has become of it there. */
export interface Entry {
  /** Counts the placements of the task, from 1: what was reached under an earlier one counts no more. */
  readonly epoch: number;
  readonly region: string;
  readonly task: TaskState;
  /** Ids of the tasks that it was split into: who waits for it waits for them too. */
  readonly subTasks: readonly string[];
}

/** Who runs a region in its latest term; `workflowId` null = nobody any more. */
export interface Membership {
  readonly term: number;
  readonly workflowId: string | null;
}

export const EMPTY: Replica = { tasks: {}, regions: {} };

/** The later placement wins, then the settled state, then any one of two, the same everywhere. */
const laterEntry = (a: Entry, b: Entry): Entry => {
  const order = a.epoch - b.epoch || Number(isSettled(a.task)) - Number(isSettled(b.task));
  if (order !== 0) return order > 0 ? a : b;
  return canonical(a) >= canonical(b) ? a : b;
};

const laterMembership = (a: Membership, b: Membership): Membership => {
  const order = a.term - b.term || Number(a.workflowId === null) - Number(b.workflowId === null);
  if (order !== 0) return order > 0 ? a : b;
  return (a.workflowId ?? '') >= (b.workflowId ?? '') ? a : b;
};

const mergeBy = <T>(later: (a: T, b: T) => T, a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>): Readonly<Record<string, T>> => {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const known = merged[key];
    merged[key] = known === undefined ? value : later(known, value);
  }
  return merged;
};

/** The least state that holds both. */
export const merge = (a: Replica, b: Replica): Replica => ({ tasks: mergeBy(laterEntry, a.tasks, b.tasks), regions: mergeBy(laterMembership, a.regions, b.regions) });

/** Changes whenever an entry grows in its order: what was sent under the same stamp need not be sent again. */
export const stampOf = ({ epoch, task }: Entry): string => `${epoch}${isSettled(task) ? ' settled' : ''}`;
export const membershipStamp = ({ term, workflowId }: Membership): string => `${term}${workflowId === null ? ' gone' : ''}`;

/** True where a region waits for news of the task: it is to run it, or one of its tasks needs it, or the task needs one of its tasks, so that it must know whom to tell. */
export const concerns = ({ tasks }: Replica, region: string, id: string): boolean => {
  const entry = tasks[id];
  if (!entry) return false;
  if (isSettled(entry.task)) return Object.values(tasks).some((other) => other.region === region && !isSettled(other.task) && waitsFor(tasks, other.task, id));
  return entry.region === region || entry.task.dependsOn.some((need) => tasks[need]?.region === region && !isSettled(tasks[need].task));
};

/** Directly, or by a sub-task of what it depends on. */
const waitsFor = (tasks: Replica['tasks'], { dependsOn }: TaskState, id: string): boolean => {
  for (let at: string | null = id; at !== null; at = tasks[at]?.task.parent ?? null) if (dependsOn.includes(at)) return true;
  return false;
};

/** What two replicas must agree on: place and state of each task, and who runs each region. */
export const digestOf = ({ tasks, regions }: Replica): Readonly<Record<string, string>> =>
  Object.fromEntries([
    ...Object.entries(tasks).map(([id, { epoch, region, task }]) => [
      id,
      `${epoch} ${region} ${isSettled(task) ? task.status : 'open'} ${isSettled(task) ? (task.output?.hash ?? '') : ''}`.trim(),
    ]),
    ...Object.entries(regions).map(([name, { term, workflowId }]) => [`region ${name}`, `${term} ${workflowId ?? 'nobody'}`]),
  ]);
