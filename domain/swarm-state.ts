import { cast, closeRound, openBox, restartRound, type BallotBox, type Proposal } from './ballot.js';
import { NOTHING, openBudget, type Amount, type Budget, type BudgetLimits } from './budget.js';
import { applyToEffects, type Effect, type Workspace } from './effects.js';
import type { ErrorReport } from './errors.js';
import { append, openLog, type EventDraft, type EventLog, type SwarmEvent } from './events.js';
import { mergeLessons, type Lesson } from './lessons.js';
import type { BlobRef } from './model-call.js';
import type { Topology } from './names.js';
import type { SwarmInput } from './swarm-input.js';
import { isSettled, type TaskDecision, type TaskSpec } from './task-graph.js';
import { findTask } from './task-index.js';
import { isAsking, openTask, type TaskState } from './task-state.js';

export const SWARM_STATUSES = ['running', 'paused', 'completed', 'failed', 'cancelled', 'compensated', 'compensation_failed', 'budget_exhausted', 'no_quorum'] as const;
export type SwarmStatus = (typeof SWARM_STATUSES)[number];

export const isEnded = (status: SwarmStatus): boolean => status !== 'running' && status !== 'paused';

export type TextRef = Pick<BlobRef, 'hash' | 'bytes'>;

export interface Usage {
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  /** Null as soon as one call had no known price. */
  microUsd: number | null;
}

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
  counted: Record<string, readonly string[]>;
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
  usage: { modelCalls: 0, inputTokens: 0, outputTokens: 0, microUsd: 0 },
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

/** Usage of one call as an event carries it: input and output tokens, micro-USD or null for an unknown price. */
export interface CallUsage {
  readonly in: number;
  readonly out: number;
  readonly microUsd: number | null;
  /** The call, as `PURPOSE/NTH` within its scope; absent in events of older versions. */
  readonly call?: string;
}

/** True when what this call used is in the sum already. */
export const isCounted = ({ counted }: SwarmState, scope: string, call: string | undefined): boolean => call !== undefined && (counted[scope] ?? []).includes(call);

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
  if (usage) applyUsage(state, draft.taskId ?? 'swarm', usage);
  if (task && isSettled(task)) delete state.counted[task.id];
  applyToSwarm(state, draft);
  applyToEffects(state.effects, draft);
  learnFrom(state, draft);
  applyToVotes(state, draft);
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

const applyToTask = (task: TaskState, { type, at, agentId, data = {} }: EventDraft): void => {
  switch (type) {
    case 'task.assigned':
      task.status = 'running';
      task.agentId = agentId ?? null;
      task.steerings = Number(data['steerings'] ?? 0);
      task.lessons = (data['lessons'] as TaskState['lessons'] | undefined) ?? [];
      task.attempts = 1;
      task.startedAt ??= at;
      return;
    case 'task.answered':
      task.output = data['output'] as BlobRef;
      return;
    case 'task.reviewed':
      task.review = data['review'] as BlobRef;
      return;
    case 'task.revised':
      task.attempts += 1;
      return;
    case 'task.retried':
      task.tries += 1;
      task.attempts += 1;
      if (isAsking(task)) task.status = 'pending';
      task.question = null;
      return;
    case 'task.asked':
      // Asked again by whoever took it over without knowing: the same question.
      if (!isAsking(task)) task.asks += 1;
      task.question = data['failure'] as ErrorReport;
      return;
    case 'task.decided':
      task.decisions = [...task.decisions, data['decision'] as TaskDecision];
      return;
    case 'task.succeeded':
      task.endedAt = at;
      task.question = null;
      task.status = 'succeeded';
      task.disputed = data['disputed'] === true;
      return;
    case 'task.failed':
      task.endedAt = at;
      task.question = null;
      task.status = 'failed';
      task.failure = String(data['message'] ?? '');
      return;
    case 'task.skipped':
      task.endedAt = at;
      task.question = null;
      task.status = 'skipped';
      task.givenUp = data['givenUp'] === true;
      task.failure = String(data['because'] ?? '');
      return;
    case 'task.cancelled':
      task.endedAt = at;
      task.question = null;
      task.status = 'cancelled';
      return;
    default:
  }
};

/** A refused answer teaches whoever does work of its craft later. */
const learnFrom = (state: SwarmState, { type, taskId = '', data = {} }: EventDraft): void => {
  if (type !== 'task.reviewed' || typeof data['craft'] !== 'string') return;
  const { hash, bytes } = data['review'] as TextRef;
  state.lessons = mergeLessons(state.lessons, [{ craft: data['craft'], taskId, text: { hash, bytes } }]);
};

const applyUsage = (state: SwarmState, scope: string, { in: inputTokens, out: outputTokens, microUsd, call }: CallUsage): void => {
  if (isCounted(state, scope, call)) return;
  if (call !== undefined) state.counted[scope] = [...(state.counted[scope] ?? []), call];
  const { usage } = state;
  usage.modelCalls += 1;
  usage.inputTokens += inputTokens;
  usage.outputTokens += outputTokens;
  usage.microUsd = usage.microUsd === null || microUsd === null ? null : usage.microUsd + microUsd;
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

export const boxOf = (state: SwarmState, id: unknown): BallotBox | undefined => state.votes.find(({ proposal }) => proposal.id === id);

/** One ballot as its event carries it. */
export interface CastData {
  /** The box it is filed in. */
  readonly vote: string;
  /** The proposal it was cast for. */
  readonly proposal?: string;
  readonly round: number;
  readonly voter: string;
  readonly value: readonly string[];
  readonly text: TextRef | null;
  readonly isAuthentic: boolean;
  readonly refuted: string | null;
}

/** Every keeper of the state files the same ballots in the same order, so that the root's tally is a recount of its coordinator's. */
const applyToVotes = (state: SwarmState, { type, at, data = {} }: EventDraft): void => {
  if (type === 'vote.opened') {
    state.votes.push(openBox(data['proposal'] as Proposal, at));
    return;
  }
  const box = boxOf(state, data['vote']);
  if (!box) return;
  if (type === 'vote.cast') {
    const { vote, proposal = vote, round, voter, value, text, isAuthentic, refuted } = data as unknown as CastData;
    cast(box, { ballot: { proposal, round, voter, value, ...(text === null ? {} : { text }) }, at, isAuthentic, refuted });
  }
  if (type === 'vote.resumed') restartRound(box, at);
  if (type === 'vote.roundEnded') closeRound(box, at);
  if (type === 'vote.ended') box.announced = (data['decided'] as string | null | undefined) ?? null;
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
