import * as wf from '@temporalio/workflow';
import type { RecordActivities } from '../activities/record-outcome.js';
import type { TextActivities } from '../activities/texts.js';
import { answersOf } from '../domain/answers.js';
import { limitsIn } from '../domain/budget.js';
import { detailsOf } from '../domain/details.js';
import type { ErrorReport } from '../domain/errors.js';
import { nextSeq, type EventDraft } from '../domain/events.js';
import { LIMITS } from '../domain/limits.js';
import { COORDINATORS, coordinatorId, coordinatorQueue, type Topology } from '../domain/names.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { packState, unpackState } from '../domain/pack-state.js';
import { leaseOf, openState, outcomeOf, record, spentOf, type SwarmOutcome, type SwarmState } from '../domain/swarm-state.js';
import { isAsking, reopenRunning, specOf } from '../domain/task-state.js';
import { allSettled } from '../domain/task-graph.js';
import { openCounter } from '../domain/versions.js';
import { statusInputOf } from '../domain/view.js';
import { advise } from './advise.js';
import { beginBranch, closeBranch, type Ending } from './effects.js';
import { listen } from './listen.js';
import { controlSignal, type CoordinatorControl } from './messages.js';
import { RECORD, STORE_TEXTS } from './options.js';
import { plan } from './plan.js';
import type { CoordinatorOutcome } from './conclude.js';
import type { queenSwarm } from './queen-swarm.js';

const { storeTexts } = wf.proxyLocalActivities<TextActivities>(STORE_TEXTS);
const { recordOutcome, recordEvents } = wf.proxyActivities<RecordActivities>(RECORD);

/** Root of the tree: recall → plan → run the topology → aggregate → record. Owns the event log, the budget, pause, steer and cancel. */
export async function swarm(input: SwarmInput, ...carried: unknown[]): Promise<SwarmOutcome> {
  const state = carried.length > 0 ? unpackState(carried) : openState(input, Date.now());
  let coordinator: wf.ChildWorkflowHandle<typeof queenSwarm> | null = null;

  const emit = (draft: Omit<EventDraft, 'at'> & { readonly at?: number }): void => {
    record(state, { ...draft, at: draft.at ?? Date.now() });
    wf.setCurrentDetails(detailsOf(state, input.model));
  };
  /** The topology of the coordinator that runs; another one is due once people have switched. */
  let runs: Topology = state.topology;
  const nextVersion = openCounter();
  const tellCoordinator = async (): Promise<void> => {
    const control: CoordinatorControl = {
      version: nextVersion(),
      paused: state.status === 'paused',
      steering: state.steering,
      added: state.tasks.filter(({ isAdded, parent }) => isAdded && parent === null).map(specOf),
      budget: limitsIn(state.budget),
      ...answersOf(state),
      handOver: isLong(input) || runs !== state.topology,
    };
    // One that has just ended needs no control; the next term gets it all in its snapshot.
    await coordinator?.signal(controlSignal, control).catch(() => undefined);
  };
  listen(input, state, emit, tellCoordinator);

  const body = new wf.CancellationScope();
  const late = watchDeadline(input, body);
  let ending: Ending;
  try {
    ending = await body.run(async () => {
      if (carried.length === 0) {
        emit({
          type: 'swarm.started',
          data: {
            topology: input.topology,
            model: input.model.ref,
            reason: input.model.reason,
            simulated: input.model.simulated,
            budget: limitsIn(input.budget),
            traceId: input.traceId,
          },
        });
        state.texts = await storeTexts(textsOf(input));
        const unusable = await beginBranch(input, emit);
        if (unusable) return { status: 'failed', failure: unusable };
        emit({ type: 'swarm.recalled', data: { memories: 0 } });
        const refused = await plan(input, state, emit);
        if (refused) return { status: refused.code === 'budget_exhausted' ? 'budget_exhausted' : 'failed', failure: refused };
        if (input.isAdvised === true) await advise(input, state, emit);
      }
      return runTerms(
        input,
        state,
        emit,
        (handle) => {
          coordinator = handle;
          runs = state.topology;
        },
        tellCoordinator,
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

/** The objective and each role's instruction, by the names that prompts use. */
const textsOf = (input: SwarmInput): Record<string, string> => ({
  objective: input.objective,
  ...Object.fromEntries(input.roster.map(({ name, instruction }) => [`role:${name}`, instruction])),
});

/** Runs coordinators one after another until the graph has settled: a dead one is replaced, a long one hands over. */
const runTerms = async (
  input: SwarmInput,
  state: SwarmState,
  emit: (draft: Omit<EventDraft, 'at'>) => void,
  onStart: (handle: wf.ChildWorkflowHandle<typeof queenSwarm> | null) => void,
  tellCoordinator: () => Promise<void>,
): Promise<Ending> => {
  let deaths = 0;
  for (;;) {
    if (isLong(input)) await continueAsNew(input, state);
    state.term += 1;
    state.reported = 0;
    state.budget = leaseOf(state);
    reopenRunning(state.tasks);
    try {
      const outcome = await runTerm(input, state, onStart, tellCoordinator);
      if (outcome.kind === 'handedOver') continue;
      // Added when the coordinator had already ended.
      if (outcome.status === 'completed' && !allSettled(state.tasks)) continue;
      state.resultText = outcome.resultText;
      return { status: outcome.status, failure: outcome.failure };
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      deaths += 1;
      const why = error instanceof wf.ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
      if (deaths >= LIMITS.queenTerms)
        return {
          status: 'failed',
          failure: { code: 'internal', message: `The ${state.topology === 'queen' ? 'queen' : 'coordinator'} died ${deaths} times.`, why, fix: 'See its workflow in the Web UI.' },
        };
      emit({ type: state.topology === 'queen' ? 'swarm.queenReplaced' : 'swarm.coordinatorReplaced', data: { term: state.term, why } });
    } finally {
      onStart(null);
    }
  }
};

const runTerm = async (
  input: SwarmInput,
  state: SwarmState,
  onStart: (handle: wf.ChildWorkflowHandle<typeof queenSwarm>) => void,
  tellCoordinator: () => Promise<void>,
): Promise<CoordinatorOutcome> => {
  const startsPaused = state.status === 'paused';
  const { topology, term } = state;
  const coordinator = await wf.startChild<typeof queenSwarm>(COORDINATORS[topology], {
    workflowId: coordinatorId(input.swarmId, topology, term),
    taskQueue: coordinatorQueue(input.model.provider),
    args: [withoutTasks(input), ...packState(state, 0)],
    staticSummary: `${topology === 'queen' ? 'queen' : `${topology} coordinator`} of ${input.swarmId}, term ${term}`,
    cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  onStart(coordinator);
  // What arrived while the child was starting reached nobody.
  if (startsPaused || state.status === 'paused' || state.steering.length > 0 || state.tasks.some(({ isAdded, decisions }) => isAdded || decisions.length > 0))
    await tellCoordinator();
  let ended = false;
  // Caught here and now: on cancellation it rejects long before anybody awaits it, and an unhandled rejection fails the workflow task for ever.
  const asksHandOver = wf
    .condition(() => ended || isLong(input) || state.topology !== topology)
    .then(() => (ended ? undefined : tellCoordinator()))
    .catch(() => undefined);
  try {
    return await coordinator.result();
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
  return wf.continueAsNew<typeof swarm>(withoutTasks(input), ...packState(state));
};

/** From the start on, the state has them. */
const withoutTasks = (input: SwarmInput): SwarmInput => ({ ...input, tasks: null });

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

/** Undoes what must not stay, writes the end into the log and the read model, then ends the workflow the way the Web UI shows best. */
const finish = async (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'>) => void, ending: Ending): Promise<SwarmOutcome> => {
  for (const task of state.tasks)
    if (task.status === 'pending' || isAsking(task)) emit({ type: 'task.skipped', taskId: task.id, data: { because: `the swarm ended ${ending.status}` } });
  const { status, failure } = state.workspace === null ? ending : await closeBranch(state, ending, emit);
  emit({ type: 'swarm.ended', data: { status, failure, tokens: spentOf(state).tokens } });
  wf.upsertSearchAttributes({ CfStatus: [status], CfTokens: [spentOf(state).tokens] });
  await Promise.all([archiveEvents(state), recordOutcome(statusInputOf(input), nextSeq(state.log) - 1, ...packState(state, 0)).catch(ignoreUnlessCancelled)]);
  await wf.condition(wf.allHandlersFinished);
  const outcome = outcomeOf(state, Date.now());
  if (status === 'completed') return outcome;
  if (ending.status === 'cancelled' && status !== 'compensation_failed') throw new wf.CancelledFailure(status, [outcome]);
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
