import * as wf from '@temporalio/workflow';
import type { RecordActivities } from '../activities/record-outcome.js';
import type { TextActivities } from '../activities/texts.js';
import type { Plan } from '../domain/contracts.js';
import { detailsOf } from '../domain/details.js';
import type { ErrorReport } from '../domain/errors.js';
import { eventsAfter, nextSeq, type EventDraft } from '../domain/events.js';
import { LIMITS } from '../domain/limits.js';
import { coordinatorQueue, queenId } from '../domain/names.js';
import { planPrompt, replanPrompt } from '../domain/prompts.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import {
  isEnded,
  leaseOf,
  openState,
  openTask,
  outcomeOf,
  packState,
  record,
  reopenRunning,
  spentOf,
  unpackState,
  type SwarmOutcome,
  type SwarmState,
  type SwarmStatus,
} from '../domain/swarm-state.js';
import { validateGraph, type TaskSpec } from '../domain/task-graph.js';
import { statusInputOf } from '../domain/view.js';
import { voteViewOf } from '../domain/vote-view.js';
import { createAsker, type Asker } from './ask-model.js';
import {
  controlSignal,
  costQuery,
  eventsQuery,
  pauseSignal,
  reportSignal,
  resumeSignal,
  statusQuery,
  steerUpdate,
  votesQuery,
  type CoordinatorControl,
  type EventsReply,
} from './messages.js';
import { RECORD, STORE_TEXTS } from './options.js';
import { queenSwarm, type CoordinatorOutcome } from './queen-swarm.js';

const { storeTexts } = wf.proxyLocalActivities<TextActivities>(STORE_TEXTS);
const { recordOutcome, recordEvents } = wf.proxyActivities<RecordActivities>(RECORD);

/** How the body of a run ended, before it is written down. */
interface Ending {
  readonly status: SwarmStatus;
  readonly failure: ErrorReport | null;
}

/** Root of the tree: recall → plan → run the topology → aggregate → record. Owns the event log, the budget, pause, steer and cancel. */
export async function swarm(input: SwarmInput, ...carried: unknown[]): Promise<SwarmOutcome> {
  const state = carried.length > 0 ? unpackState(carried) : openState(input, Date.now());
  let queen: wf.ChildWorkflowHandle<typeof queenSwarm> | null = null;

  const emit = (draft: Omit<EventDraft, 'at'> & { readonly at?: number }): void => {
    record(state, { ...draft, at: draft.at ?? Date.now() });
    wf.setCurrentDetails(detailsOf(state, input.model));
  };
  const tellQueen = async (handOver = false): Promise<void> => {
    const control: CoordinatorControl = { paused: state.status === 'paused', steering: state.steering, handOver };
    // A queen that has just ended needs no control; the next term gets it all in its snapshot.
    await queen?.signal(controlSignal, control).catch(() => undefined);
  };
  listen(input, state, emit, tellQueen);

  const body = new wf.CancellationScope();
  const late = watchDeadline(input, body);
  let ending: Ending;
  try {
    ending = await body.run(async () => {
      if (carried.length === 0) {
        emit({
          type: 'swarm.started',
          data: { topology: input.topology, model: input.model.ref, reason: input.model.reason, simulated: input.model.simulated, traceId: input.traceId },
        });
        state.texts = await storeTexts(textsOf(input));
        emit({ type: 'swarm.recalled', data: { memories: 0 } });
        const refused = await plan(input, state, emit);
        if (refused) return { status: refused.code === 'budget_exhausted' ? 'budget_exhausted' : 'failed', failure: refused };
      }
      return runTerms(
        input,
        state,
        emit,
        (handle) => {
          queen = handle;
        },
        tellQueen,
      );
    });
  } catch (error) {
    if (!wf.isCancellation(error)) throw error;
    for (const task of state.tasks) if (task.status === 'running') emit({ type: 'task.cancelled', taskId: task.id });
    ending = late.reached() ? { status: 'failed', failure: pastDeadline(input) } : { status: 'cancelled', failure: null };
  } finally {
    late.stop();
  }
  return wf.CancellationScope.nonCancellable(() => finish(input, state, emit, ending));
}

/** Registers every handler before the first await, so that no message of the first task is lost. */
const listen = (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'> & { at?: number }) => void, tellQueen: () => Promise<void>): void => {
  wf.setHandler(statusQuery, () => ({ input: statusInputOf(input), state: withoutLog(state), lastSeq: nextSeq(state.log) - 1 }), {
    description: 'The whole swarm but its events.',
  });
  wf.setHandler(eventsQuery, (afterSeq) => eventsReply(state, afterSeq), { description: 'Events with a number above the argument, one page.' });
  wf.setHandler(votesQuery, () => state.votes.map(voteViewOf), { description: 'Every vote: proposal, electorate, quorum, ballots with why they count, and the recount.' });
  wf.setHandler(costQuery, () => ({ usage: state.usage, budget: input.budget }), { description: 'Tokens and money used so far, and the limits.' });
  wf.setHandler(
    pauseSignal,
    async () => {
      if (state.status !== 'running') return;
      emit({ type: 'swarm.paused' });
      wf.upsertSearchAttributes({ CfStatus: ['paused'] });
      await tellQueen();
    },
    { description: 'Start nothing new until resumed; calls in flight end.' },
  );
  wf.setHandler(
    resumeSignal,
    async () => {
      if (state.status !== 'paused') return;
      emit({ type: 'swarm.resumed' });
      wf.upsertSearchAttributes({ CfStatus: ['running'] });
      await tellQueen();
    },
    { description: 'Go on after a pause.' },
  );
  wf.setHandler(
    steerUpdate,
    async (text) => {
      emit({ type: 'swarm.steered', data: { text } });
      await tellQueen();
      return state.steering.length;
    },
    {
      description: 'Guidance that every task started from now on carries.',
      validator: (_text: string) => {
        if (isEnded(state.status)) throw wf.ApplicationFailure.create({ type: 'conflict', message: 'The swarm has ended.', nonRetryable: true });
      },
    },
  );
  wf.setHandler(
    reportSignal,
    ({ term, first, drafts }) => {
      if (term !== state.term) return;
      for (const draft of drafts.slice(Math.max(0, state.reported - first), -1)) record(state, draft);
      const last = drafts.at(-1);
      if (last && first + drafts.length > state.reported) emit(last);
      state.reported = Math.max(state.reported, first + drafts.length);
    },
    { description: 'Events of the coordinator, in order.' },
  );
};

const withoutLog = ({ log: _log, texts: _texts, ...rest }: SwarmState): Omit<SwarmState, 'log' | 'texts'> => rest;

const eventsReply = (state: SwarmState, afterSeq: number): EventsReply => {
  const events = eventsAfter(state.log, afterSeq);
  const holder = events === null ? state.earlierRuns.findLast(({ firstSeq }) => firstSeq <= afterSeq + 1) : undefined;
  return { events: events ?? [], lastSeq: nextSeq(state.log) - 1, ended: isEnded(state.status), readRunId: holder?.runId ?? null };
};

/** The objective and each role's instruction, by the names that prompts use. */
const textsOf = (input: SwarmInput): Record<string, string> => ({
  objective: input.objective,
  ...Object.fromEntries(input.roster.map(({ name, instruction }) => [`role:${name}`, instruction])),
});

/** Fills `state.tasks`: those given by hand, else the planner's, repaired once; returns why it can't be. */
const plan = async (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'>) => void): Promise<ErrorReport | null> => {
  if (input.tasks !== null) {
    emit({ type: 'plan.accepted', data: { tasks: input.tasks.length, by: 'hand' } });
    return null;
  }
  const { ask } = createAsker({ input, state, emit, isPaused: () => state.status === 'paused' });
  const roles = plannableRoles(input);
  const prompt = planPrompt({ objective: state.texts['objective'] ?? { hash: '', bytes: 0 }, steering: [] }, roles, input.limits.planTasks);
  let findings: readonly string[] = [];
  let asked = prompt;
  for (let nth = 1; nth <= 2; nth += 1) {
    const answered = await askPlanner(ask, input, asked, nth, roles);
    if (!answered.ok) return answered.failure;
    const { answer, usage } = answered;
    const tasks = (answer.decision as Plan).tasks as readonly TaskSpec[];
    findings = validateGraph(tasks, { maxTasks: input.limits.planTasks, roles: new Set(input.roster.map(({ name }) => name)) }).map(({ message }) => message);
    if (findings.length === 0) {
      state.tasks = tasks.map(openTask);
      emit({ type: 'plan.accepted', agentId: 'planner-1', data: { tasks: tasks.length, by: 'planner', plan: answer.text, usage } });
      return null;
    }
    emit({ type: 'plan.repaired', agentId: 'planner-1', data: { nth, findings: findings.slice(0, 10), plan: answer.text, usage } });
    asked = replanPrompt(prompt, answer.text, findings);
  }
  return {
    code: 'provider_rejected',
    message: 'The planner gave no plan that can be run, also after one repair.',
    why: findings.join(' '),
    fix: 'Give the tasks by hand with -f spec.yaml, or use a stronger model with --model.',
  };
};

const plannableRoles = ({ roster }: SwarmInput): SwarmInput['roster'] => {
  const workers = roster.filter(({ craft }) => craft !== 'coordination');
  return workers.length > 0 ? workers : roster;
};

const askPlanner = (ask: Asker['ask'], input: SwarmInput, prompt: Parameters<Asker['ask']>[0]['prompt'], nth: number, roles: SwarmInput['roster']) => {
  const role = input.roster.some(({ name }) => name === 'planner') ? 'planner' : (input.roster[0]?.name ?? '');
  return ask({ scope: 'swarm', purpose: 'plan', nth, role, agentId: 'planner-1', contract: 'plan', prompt, priority: 1, choices: roles.map(({ name }) => name) });
};

/** Runs coordinators one after another until the graph has settled: a dead one is replaced, a long one hands over. */
const runTerms = async (
  input: SwarmInput,
  state: SwarmState,
  emit: (draft: Omit<EventDraft, 'at'>) => void,
  onQueen: (handle: wf.ChildWorkflowHandle<typeof queenSwarm> | null) => void,
  tellQueen: (handOver: boolean) => Promise<void>,
): Promise<Ending> => {
  let deaths = 0;
  for (;;) {
    if (isLong(input)) await continueAsNew(input, state);
    state.term += 1;
    state.reported = 0;
    state.budget = leaseOf(state);
    reopenRunning(state);
    try {
      const outcome = await runTerm(input, state, onQueen, tellQueen);
      if (outcome.kind === 'handedOver') continue;
      state.resultText = outcome.resultText;
      return { status: outcome.status, failure: outcome.failure };
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      deaths += 1;
      const why = error instanceof wf.ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
      if (deaths >= LIMITS.queenTerms)
        return { status: 'failed', failure: { code: 'internal', message: `The queen died ${deaths} times.`, why, fix: 'See its workflow in the Web UI.' } };
      emit({ type: 'swarm.queenReplaced', data: { term: state.term, why } });
    } finally {
      onQueen(null);
    }
  }
};

const runTerm = async (
  input: SwarmInput,
  state: SwarmState,
  onQueen: (handle: wf.ChildWorkflowHandle<typeof queenSwarm>) => void,
  tellQueen: (handOver: boolean) => Promise<void>,
): Promise<CoordinatorOutcome> => {
  const startsPaused = state.status === 'paused';
  const queen = await wf.startChild(queenSwarm, {
    workflowId: queenId(input.swarmId, state.term),
    taskQueue: coordinatorQueue(input.model.provider),
    args: [input, ...packState(state, 0)],
    staticSummary: `queen of ${input.swarmId}, term ${state.term}`,
    cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  onQueen(queen);
  // What arrived while the child was starting reached nobody.
  if (startsPaused || state.status === 'paused' || state.steering.length > 0) await tellQueen(false);
  let ended = false;
  // Caught here and now: on cancellation it rejects long before anybody awaits it, and an unhandled rejection fails the workflow task for ever.
  const asksHandOver = wf
    .condition(() => ended || isLong(input))
    .then(() => (ended ? undefined : tellQueen(true)))
    .catch(() => undefined);
  try {
    return await queen.result();
  } finally {
    ended = true;
    await asksHandOver;
  }
};

const isLong = (input: SwarmInput): boolean => wf.workflowInfo().continueAsNewSuggested || wf.workflowInfo().historyLength > input.limits.historyEvents;

/** Carries everything into a new run; events cut from the tail stay readable in this one and in the read model. */
const continueAsNew = async (input: SwarmInput, state: SwarmState): Promise<never> => {
  await archiveEvents(state);
  state.earlierRuns.push({ runId: wf.workflowInfo().runId, firstSeq: state.log.firstSeq });
  await wf.condition(wf.allHandlersFinished);
  return wf.continueAsNew<typeof swarm>(input, ...packState(state));
};

const EVENTS_PER_PAGE = 200;

const archiveEvents = async (state: SwarmState): Promise<void> => {
  const { events } = state.log;
  const pages = Array.from({ length: Math.ceil(events.length / EVENTS_PER_PAGE) }, (_, i) => events.slice(i * EVENTS_PER_PAGE, (i + 1) * EVENTS_PER_PAGE));
  await Promise.all(pages.map((page) => recordEvents(state.swarmId, page).catch(ignoreUnlessCancelled)));
};

/** The read model can be rebuilt from history, so a failed write must not fail the run. */
const ignoreUnlessCancelled = (error: unknown): void => {
  if (wf.isCancellation(error)) throw error;
  wf.log.warn('the read model was not written', { error });
};

/** Writes the end into the log and the read model, then ends the workflow the way the Web UI shows best. */
const finish = async (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'>) => void, { status, failure }: Ending): Promise<SwarmOutcome> => {
  for (const task of state.tasks) if (task.status === 'pending') emit({ type: 'task.skipped', taskId: task.id, data: { because: `the swarm ended ${status}` } });
  emit({ type: 'swarm.ended', data: { status, failure, tokens: spentOf(state).tokens } });
  wf.upsertSearchAttributes({ CfStatus: [status], CfTokens: [spentOf(state).tokens] });
  await Promise.all([archiveEvents(state), recordOutcome(statusInputOf(input), nextSeq(state.log) - 1, ...packState(state, 0)).catch(ignoreUnlessCancelled)]);
  await wf.condition(wf.allHandlersFinished);
  const outcome = outcomeOf(state, Date.now());
  if (status === 'completed') return outcome;
  if (status === 'cancelled') throw new wf.CancelledFailure('cancelled', [outcome]);
  throw wf.ApplicationFailure.create({ type: failure?.code ?? status, message: failure?.message ?? status, nonRetryable: true, details: [outcome] });
};

/** Cancels `body` at the deadline; `stop` ends the timer. */
const watchDeadline = ({ deadlineAt }: SwarmInput, body: wf.CancellationScope): { reached: () => boolean; stop: () => void } => {
  let reached = false;
  const timer = new wf.CancellationScope();
  if (deadlineAt !== null)
    void timer
      .run(async () => {
        await wf.sleep(Math.max(1, deadlineAt - Date.now()), { summary: 'deadline of the swarm' });
        reached = true;
        body.cancel();
      })
      .catch(() => undefined);
  return { reached: () => reached, stop: () => timer.cancel() };
};

const pastDeadline = ({ deadlineAt }: SwarmInput): ErrorReport => ({
  code: 'deadline_exceeded',
  message: 'The deadline was reached before the swarm had ended.',
  why: `The deadline was ${new Date(deadlineAt ?? 0).toISOString()}.`,
  fix: 'Start it again with a later --deadline; the results reached are kept.',
});
