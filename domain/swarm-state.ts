import { cast, closeRound, openBox, restartRound, type BallotBox, type Proposal } from './ballot.js';
import { NOTHING, openBudget, type Amount, type Budget, type BudgetLimits } from './budget.js';
import type { ErrorReport } from './errors.js';
import { append, openLog, tailOf, type EventDraft, type EventLog, type SwarmEvent } from './events.js';
import { LIMITS } from './limits.js';
import type { BlobRef } from './model-call.js';
import type { Topology } from './names.js';
import type { SwarmInput } from './swarm-input.js';
import type { OnFailure, TaskSpec, TaskStatus } from './task-graph.js';

export const SWARM_STATUSES = ['running', 'paused', 'completed', 'failed', 'cancelled', 'compensated', 'compensation_failed', 'budget_exhausted', 'no_quorum'] as const;
export type SwarmStatus = (typeof SWARM_STATUSES)[number];

export const isEnded = (status: SwarmStatus): boolean => status !== 'running' && status !== 'paused';

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
  output: BlobRef | null;
  /** What the last review found, by reference. */
  review: BlobRef | null;
  failure: string | null;
}

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
  budget: openBudget(input.budget.tokens, input.budget.microUsd),
  result: null,
  resultText: null,
  disputed: false,
  votes: [],
  failure: null,
  endedAt: null,
  term: 0,
  reported: 0,
  texts: {},
  aggregateSteerings: null,
  log: openLog(),
  earlierRuns: [],
});

export const openTask = (spec: TaskSpec, added: { readonly parent: string | null } | number = 0): TaskState => ({
  id: spec.id,
  title: spec.title,
  role: spec.role ?? null,
  dependsOn: spec.dependsOn ?? [],
  priority: spec.priority ?? 3,
  timeoutMs: spec.timeoutMs ?? null,
  contract: spec.output ?? null,
  retries: spec.retries ?? 0,
  onFailure: spec.onFailure ?? 'fail',
  parent: typeof added === 'number' ? null : added.parent,
  isAdded: typeof added !== 'number',
  givenUp: false,
  tries: 0,
  startedAt: null,
  endedAt: null,
  status: 'pending',
  disputed: false,
  attempts: 0,
  agentId: null,
  steerings: null,
  output: null,
  review: null,
  failure: null,
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

export const taskOf = (state: SwarmState, id: string | undefined): TaskState | undefined => state.tasks.find((task) => task.id === id);

/** Usage of one call as an event carries it: input and output tokens, micro-USD or null for an unknown price. */
export interface CallUsage {
  readonly in: number;
  readonly out: number;
  readonly microUsd: number | null;
}

/** Appends one event to the log and applies what it means; the only way a state changes. */
export const record = (state: SwarmState, draft: EventDraft): SwarmEvent => {
  const event = append(state.log, state.swarmId, draft);
  const task = taskOf(state, draft.taskId);
  if (draft.type === 'task.added') addTask(state, draft);
  else if (task) applyToTask(task, draft);
  const usage = draft.data?.['usage'] as CallUsage | undefined;
  if (usage) applyUsage(state, usage);
  applyToSwarm(state, draft);
  applyToVotes(state, draft);
  return event;
};

/** Joins one task to the graph; whatever waited for the task it was split from waits for it too. */
const addTask = (state: SwarmState, { data = {} }: EventDraft): void => {
  const spec = data['spec'] as TaskSpec;
  const parent = (data['parent'] as string | undefined) ?? null;
  if (state.tasks.some(({ id }) => id === spec.id)) return;
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
      return;
    case 'task.succeeded':
      task.endedAt = at;
      task.status = 'succeeded';
      task.disputed = data['disputed'] === true;
      return;
    case 'task.failed':
      task.endedAt = at;
      task.status = 'failed';
      task.failure = String(data['message'] ?? '');
      return;
    case 'task.skipped':
      task.endedAt = at;
      task.status = 'skipped';
      task.givenUp = data['givenUp'] === true;
      task.failure = String(data['because'] ?? '');
      return;
    case 'task.cancelled':
      task.endedAt = at;
      task.status = 'cancelled';
      return;
    default:
  }
};

const applyUsage = (state: SwarmState, { in: inputTokens, out: outputTokens, microUsd }: CallUsage): void => {
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
    case 'swarm.budgetRaised':
      state.budget = { ...state.budget, ...(data['budget'] as BudgetLimits) };
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
export const spentOf = ({ usage }: SwarmState): Amount => ({ tokens: usage.inputTokens + usage.outputTokens, microUsd: usage.microUsd ?? 0 });

/** The budget a new coordinator leases: what is left when every settled call is booked and nothing is in flight. */
export const leaseOf = (state: SwarmState): Budget => ({ ...state.budget, spent: spentOf(state), reserved: NOTHING });

/** A task that was running under a coordinator that died: open again; its answered calls are found in the ledger. */
export const reopenRunning = (state: SwarmState): void => {
  for (const task of state.tasks) {
    if (task.status !== 'running') continue;
    task.status = 'pending';
    task.attempts = 0;
    task.tries = 0;
  }
};

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

/** What tasks of an older version lack. */
const NEW_TASK = { retries: 0, onFailure: 'fail', parent: null, isAdded: false, givenUp: false, tries: 0, startedAt: null, endedAt: null } as const;

const TASKS_PER_PAGE = 20;
const VOTES_PER_PAGE = 4;

/** The state as several payloads, each inside the inline limit whatever the number of tasks. */
export const packState = (state: SwarmState, keepEvents: number = LIMITS.eventTail): readonly unknown[] => {
  const { tasks, votes, log, ...head } = state;
  const tail = tailOf(log, keepEvents);
  return [{ ...head, firstSeq: tail.firstSeq }, ...pages(tail.events, 'events'), ...pages(tasks, 'tasks'), ...pages(votes, 'votes', VOTES_PER_PAGE)];
};

const pages = (items: readonly unknown[], kind: 'tasks' | 'events' | 'votes', size = TASKS_PER_PAGE): readonly unknown[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => ({ [kind]: items.slice(i * size, (i + 1) * size) }));

/** The inverse of `packState`; what an older version did not pack is empty. */
export const unpackState = ([head, ...rest]: readonly unknown[]): SwarmState => {
  const { firstSeq, ...state } = head as Omit<SwarmState, 'tasks' | 'votes' | 'log'> & { firstSeq: number };
  const of = <T>(kind: string): T[] => rest.flatMap((page) => (page as Record<string, T[]>)[kind] ?? []);
  return {
    ...state,
    disputed: state.disputed ?? false,
    tasks: of<TaskState>('tasks').map((task) => ({ ...NEW_TASK, ...task })),
    votes: of<BallotBox>('votes'),
    log: { firstSeq, events: of<SwarmEvent>('events') },
  };
};
