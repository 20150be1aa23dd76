import type { BallotBox } from './ballot.js';
import { NOTHING, openBudget, type Amount, type Budget, type BudgetLimits } from './budget.js';
import { applyToEffects, type Effect, type Workspace } from './effects.js';
import type { ErrorReport } from './errors.js';
import { append, openLog, type EventDraft, type EventLog, type SwarmEvent } from './events.js';
import { mergeLessons, type Lesson } from './lessons.js';
import type { BlobRef, TextRef } from './model-call.js';
import type { Topology } from './names.js';
import type { SwarmInput } from './swarm-input.js';
import { applyToTask } from './task-events.js';
import { isSettled, type TaskSpec } from './task-graph.js';
import { findTask } from './task-index.js';
import { openTask, type TaskState } from './task-state.js';
import { addUsage, NO_USAGE, type CallUsage, type Counted, type Usage } from './usage.js';
import { applyToVotes } from './vote-events.js';

export const SWARM_STATUSES = ['running', 'paused', 'completed', 'failed', 'cancelled', 'compensated', 'compensation_failed', 'budget_exhausted', 'no_quorum'] as const;
export type SwarmStatus = (typeof SWARM_STATUSES)[number];

export const isEnded = (status: SwarmStatus): boolean => status !== 'running' && status !== 'paused';

/** What the end of a run says; also the workflow's result. */
export interface SwarmOutcome {
  readonly swarmId: string;
  readonly status: SwarmStatus;
  readonly result: BlobRef | null;
  /** The result itself where it is at most `LIMITS.inlineResultBytes`. */
  readonly resultText: string | null;
  readonly failure: ErrorReport | null;
  readonly usage: Usage;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** All a swarm knows of itself: a plain record, changed only by `record` and its siblings here, carried by continue-as-new. */
export interface SwarmState {
  readonly swarmId: string;
  topology: Topology;
  readonly startedAt: number;
  status: SwarmStatus;
  phase: 'recall' | 'plan' | 'execute' | 'aggregate' | 'record' | 'ended';
  tasks: TaskState[];
  steering: string[];
  usage: Usage;
  budget: Budget;
  result: BlobRef | null;
  resultText: string | null;
  /** The outcome was voted down and stands all the same. */
  disputed: boolean;
  votes: BallotBox[];
  /** Calls whose usage is in `usage`, as `PURPOSE/NTH`, by scope; those of a task until it has settled. A coordinator that takes over finds their answers in the ledger, and reports them again. */
  counted: Counted;
  /** What was found wrong with answers so far, in the order it came. */
  lessons: readonly Lesson[];
  /** Where it writes; null = nowhere. */
  workspace: Workspace | null;
  /** In the order they began. */
  effects: Effect[];
  failure: ErrorReport | null;
  endedAt: number | null;
  /** Coordinators started so far; a replaced queen gets the next number. */
  term: number;
  /** Reports of the current coordinator applied so far; drops what arrives twice. */
  reported: number;
  /** Texts kept outside history: `objective` and `role:<name>` (the role's instruction). */
  texts: Readonly<Record<string, TextRef>>;
  /** Steering texts the aggregation carries; null before it starts. */
  aggregateSteerings: number | null;
  log: EventLog;
  /** Run ids of this workflow's earlier runs with the first event number each still holds. */
  earlierRuns: { readonly runId: string; readonly firstSeq: number }[];
}

export const openState = (input: SwarmInput, at: number): SwarmState => ({
  swarmId: input.swarmId,
  topology: input.topology,
  startedAt: at,
  status: 'running',
  phase: 'recall',
  tasks: (input.tasks ?? []).map((spec) => openTask(spec)),
  steering: [],
  usage: { ...NO_USAGE },
  budget: openBudget(input.budget),
  result: null,
  resultText: null,
  disputed: false,
  votes: [],
  counted: {},
  lessons: [],
  workspace: null,
  effects: [],
  failure: null,
  endedAt: null,
  term: 0,
  reported: 0,
  texts: {},
  aggregateSteerings: null,
  log: openLog(),
  earlierRuns: [],
});

export const taskOf = (state: SwarmState, id: string | undefined): TaskState | undefined => findTask(state.tasks, id);

/** A second report of a task that has settled: two members had it for a moment, and the ledger paid once. */
export const isStale = (state: SwarmState, { type, taskId }: Pick<EventDraft, 'type' | 'taskId'>): boolean => {
  const task = taskOf(state, taskId);
  return type.startsWith('task.') && type !== 'task.added' && task !== undefined && isSettled(task);
};

/** Appends one event to the log and applies what it means; the only way a state changes. */
export const record = (state: SwarmState, draft: EventDraft): SwarmEvent => {
  const event = append(state.log, state.swarmId, draft);
  const task = taskOf(state, draft.taskId);
  if (draft.type === 'task.added') addTask(state, draft);
  else if (task) applyToTask(task, draft);
  const usage = draft.data?.['usage'] as CallUsage | undefined;
  if (usage) addUsage(state, draft.taskId ?? 'swarm', usage);
  if (task && isSettled(task)) delete state.counted[task.id];
  applyToSwarm(state, draft);
  applyToEffects(state.effects, draft);
  learnFrom(state, draft);
  applyToVotes(state.votes, draft);
  return event;
};

/** Joins one task to the graph; whatever waited for the task it was split from waits for it too. */
const addTask = (state: SwarmState, { data = {} }: EventDraft): void => {
  const spec = data['spec'] as TaskSpec;
  const parent = (data['parent'] as string | undefined) ?? null;
  if (taskOf(state, spec.id)) return;
  for (const other of state.tasks) if (parent !== null && other.parent !== parent && other.dependsOn.includes(parent)) other.dependsOn = [...other.dependsOn, spec.id];
  state.tasks.push(openTask(spec, { parent }));
  if (state.phase === 'record' || state.phase === 'aggregate') state.phase = 'execute';
};

/** A refused answer teaches whoever does work of its craft later. */
const learnFrom = (state: SwarmState, { type, taskId = '', data = {} }: EventDraft): void => {
  if (type !== 'task.reviewed' || typeof data['craft'] !== 'string') return;
  const { hash, bytes } = data['review'] as TextRef;
  state.lessons = mergeLessons(state.lessons, [{ craft: data['craft'], taskId, text: { hash, bytes } }]);
};

const applyToSwarm = (state: SwarmState, { type, at, data = {} }: EventDraft): void => {
  switch (type) {
    case 'swarm.paused':
      state.status = 'paused';
      return;
    case 'swarm.resumed':
      state.status = 'running';
      return;
    case 'swarm.steered':
      state.steering.push(String(data['text'] ?? ''));
      return;
    case 'swarm.switched':
      state.topology = data['to'] as Topology;
      return;
    case 'topology.chosen':
      state.topology = data['topology'] as Topology;
      return;
    case 'swarm.budgetRaised':
      state.budget = { ...state.budget, ...(data['budget'] as BudgetLimits) };
      return;
    case 'workspace.opened':
      state.workspace = data as unknown as Workspace;
      return;
    case 'swarm.recalled':
      state.phase = 'plan';
      return;
    case 'plan.accepted':
      state.phase = 'execute';
      return;
    case 'aggregate.started':
      state.phase = 'aggregate';
      state.aggregateSteerings = Number(data['steerings'] ?? 0);
      return;
    case 'result.aggregated':
      state.phase = 'record';
      state.result = data['result'] as BlobRef;
      state.resultText = (data['text'] as string | null | undefined) ?? null;
      return;
    case 'result.disputed':
      state.disputed = true;
      return;
    case 'swarm.ended':
      state.status = data['status'] as SwarmStatus;
      state.failure = (data['failure'] as ErrorReport | undefined) ?? null;
      state.phase = 'ended';
      state.endedAt = at;
      return;
    default:
  }
};

/** What the settled calls of the log add up to; the spent side of the budget. */
export const spentOf = ({ usage }: SwarmState): Amount => ({
  tokens: usage.inputTokens + usage.outputTokens,
  microUsd: usage.microUsd ?? 0,
  calls: usage.modelCalls,
});

/** The budget a new coordinator leases: what is left when every settled call is booked and nothing is in flight. */
export const leaseOf = (state: SwarmState): Budget => ({ ...state.budget, spent: spentOf(state), reserved: NOTHING });

export const outcomeOf = (state: SwarmState, at: number): SwarmOutcome => ({
  swarmId: state.swarmId,
  status: state.status,
  result: state.result,
  resultText: state.resultText,
  failure: state.failure,
  usage: state.usage,
  startedAt: state.startedAt,
  endedAt: state.endedAt ?? at,
});
