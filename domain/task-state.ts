import type { Lesson } from './lessons.js';
import type { BlobRef } from './model-call.js';
import type { ErrorReport } from './errors.js';
import type { OnFailure, TaskDecision, TaskSpec, TaskStatus } from './task-graph.js';

/** One task as a swarm knows it. */
export interface TaskState {
  readonly id: string;
  readonly title: string;
  readonly role: string | null;
  dependsOn: readonly string[];
  readonly priority: number;
  readonly timeoutMs: number | null;
  readonly contract: string | null;
  readonly retries: number;
  readonly onFailure: OnFailure;
  /** The task whose agent added this one; null for those of the plan and of people. */
  readonly parent: string | null;
  /** Added after the plan was accepted. */
  readonly isAdded: boolean;
  /** Skipped by its own policy: those that need it go on. */
  givenUp: boolean;
  /** Tries that failed. */
  tries: number;
  startedAt: number | null;
  endedAt: number | null;
  status: TaskStatus;
  disputed: boolean;
  /** Answers asked for so far; a revision counts. */
  attempts: number;
  agentId: string | null;
  /** How many steering texts its prompts carry: fixed at assignment, so that a call key never gets another prompt. */
  steerings: number | null;
  /** What its prompts tell of earlier work, fixed at assignment for the same reason; null before it. */
  lessons: readonly Lesson['text'][] | null;
  output: BlobRef | null;
  /** What the last review found, by reference. */
  review: BlobRef | null;
  failure: string | null;
  /** It failed, and waits for a person to decide; null = it does not. */
  question: ErrorReport | null;
  /** How often it has asked, and what people decided, in order. */
  asks: number;
  decisions: readonly TaskDecision[];
}

/** A task as its spec states it; `added` where it joined after the plan was accepted. */
export const openTask = (spec: TaskSpec, added: { readonly parent: string | null } | null = null): TaskState => ({
  id: spec.id,
  title: spec.title,
  role: spec.role ?? null,
  dependsOn: spec.dependsOn ?? [],
  priority: spec.priority ?? 3,
  timeoutMs: spec.timeoutMs ?? null,
  contract: spec.output ?? null,
  retries: spec.retries ?? 0,
  onFailure: spec.onFailure ?? 'fail',
  parent: added?.parent ?? null,
  isAdded: added !== null,
  givenUp: false,
  tries: 0,
  startedAt: null,
  endedAt: null,
  status: 'pending',
  disputed: false,
  attempts: 0,
  agentId: null,
  steerings: null,
  lessons: null,
  output: null,
  review: null,
  failure: null,
  question: null,
  asks: 0,
  decisions: [],
});

/** The spec a task was opened from. */
export const specOf = ({ id, title, role, dependsOn, priority, timeoutMs, contract, retries, onFailure }: TaskState): TaskSpec => ({
  id,
  title,
  dependsOn,
  priority,
  retries,
  onFailure,
  ...(role === null ? {} : { role }),
  ...(timeoutMs === null ? {} : { timeoutMs }),
  ...(contract === null ? {} : { output: contract }),
});

/** What tasks of an older version lack. */
export const NEW_TASK = {
  retries: 0,
  onFailure: 'fail',
  parent: null,
  isAdded: false,
  givenUp: false,
  tries: 0,
  startedAt: null,
  endedAt: null,
  question: null,
  asks: 0,
  decisions: [],
  lessons: null,
} as const;

/** Tasks that were running under a coordinator or a member that has ended: open again; their answered calls are found in the ledger. */
export const reopenRunning = (tasks: readonly TaskState[]): void => {
  for (const task of tasks) {
    // One that waits for a person goes on waiting.
    if (task.status !== 'running' || isAsking(task)) continue;
    task.status = 'pending';
    task.attempts = 0;
    task.tries = 0;
  }
};

/** Ids of the tasks that a task was split into, one level down. */
export const subTasksBelow = (tasks: readonly TaskState[], id: string): readonly string[] => tasks.filter(({ parent }) => parent === id).map((task) => task.id);

/** It failed and waits for a person; tasks in messages of older versions never do. */
export const isAsking = ({ question }: Partial<Pick<TaskState, 'question'>>): boolean => question !== null && question !== undefined;

/** At work, not waiting for a person. */
export const isAtWork = (task: TaskState): boolean => task.status === 'running' && !isAsking(task);

/** What a person has decided of a task that asks; null = nothing yet. */
export const decisionOf = (task: TaskState): TaskDecision | null => (isAsking(task) ? (task.decisions[task.asks - 1] ?? null) : null);
