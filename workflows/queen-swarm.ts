import * as wf from '@temporalio/workflow';
import { isContractName, type Review } from '../domain/contracts.js';
import type { ErrorReport } from '../domain/errors.js';
import type { EventDraft } from '../domain/events.js';
import { variantOf } from '../domain/names.js';
import { aggregateMaterial, aggregatePrompt, answerPrompt, reviewPrompt, revisePrompt, type Material, type PromptContext } from '../domain/prompts.js';
import { loadOf, openPool, releaseAgent, selectReviewer, selectRole, takeAgent } from '../domain/selection.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { record, unpackState, type TaskState } from '../domain/swarm-state.js';
import { allSettled, dependantsOf, readyTasks } from '../domain/task-graph.js';
import { createAsker, type Answered, type Question } from './ask-model.js';
import { controlSignal, type CoordinatorControl } from './messages.js';
import { openReportLine } from './report-line.js';

/** How one term of a coordinator ended; `handedOver` leaves the rest of the graph to the next term. */
export type CoordinatorOutcome =
  | { readonly kind: 'handedOver' }
  | { readonly kind: 'ended'; readonly status: 'completed' | 'failed' | 'budget_exhausted'; readonly failure: ErrorReport | null; readonly resultText: string | null };

/** The queen hands ready tasks to agents the moment their last dependency settles, has each result reviewed, and merges what was reached. */
export async function queenSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const state = unpackState(snapshot);
  let control: CoordinatorControl = { paused: state.status === 'paused', steering: state.steering, handOver: false };
  wf.setHandler(
    controlSignal,
    (wanted) => {
      control = wanted;
    },
    { description: 'From the swarm: pause, steer or hand over; carries the whole wanted condition.' },
  );

  const line = openReportLine(input.swarmId, state.term);
  const emit = (draft: Omit<EventDraft, 'at'>): void => {
    const dated = { ...draft, at: Date.now() };
    record(state, dated);
    line.send(dated);
  };
  const { ask } = createAsker({ input, state, emit, isPaused: () => control.paused });
  const pool = openPool();
  const running = new Set<string>();
  let exhausted: ErrorReport | null = null;

  const wantsHandOver = (): boolean => control.handOver || wf.workflowInfo().continueAsNewSuggested || wf.workflowInfo().historyLength > input.limits.historyEvents;
  const contextOf = (steerings: number | null): PromptContext => ({
    objective: state.texts['objective'] ?? { hash: '', bytes: 0 },
    steering: control.steering.slice(0, steerings ?? control.steering.length),
  });

  /** Asks as an agent of a role that is free, for this one question. */
  const askAs = async (role: string, question: Omit<Question, 'role' | 'agentId'>): Promise<{ agentId: string; answered: Answered }> => {
    const agentId = takeAgent(pool, role);
    try {
      return { agentId, answered: await ask({ ...question, role, agentId }) };
    } finally {
      releaseAgent(pool, agentId);
    }
  };

  const fail = (task: TaskState, failure: ErrorReport): void => {
    if (failure.code === 'budget_exhausted') exhausted ??= failure;
    emit({
      type: 'task.failed',
      taskId: task.id,
      ...(task.agentId === null ? {} : { agentId: task.agentId }),
      data: { code: failure.code, message: failure.message, fix: failure.fix },
    });
    for (const id of dependantsOf(state.tasks, task.id)) emit({ type: 'task.skipped', taskId: id, data: { because: `${task.id} failed` } });
  };

  const runTask = async (task: TaskState, agentId: string, role: string): Promise<void> => {
    const contract = task.contract !== null && isContractName(task.contract) ? task.contract : (input.roster.find(({ name }) => name === role)?.output ?? 'report');
    const context = contextOf(task.steerings);
    const variant = variantOf(task.role === null ? role : null, context.steering.length);
    const base = { scope: task.id, contract, priority: task.priority, timeoutMs: task.timeoutMs };
    const material = state.tasks.filter((other): other is TaskState & Material => task.dependsOn.includes(other.id) && other.output !== null);
    const first = answerPrompt(context, task, material);
    const reviewer = selectReviewer(role, input.roster).role;
    let prompt = first;
    for (let round = 1; ; round += 1) {
      const answered = await ask({ ...base, role, agentId, purpose: `answer${variant}`, nth: round, prompt });
      if (!answered.ok) return fail(task, answered.failure);
      const output = answered.answer.text;
      emit({ type: 'task.answered', taskId: task.id, agentId, data: { output, read: material.map(({ output: { hash } }) => hash.slice(0, 12)), usage: answered.usage } });
      if (!input.review) return emit({ type: 'task.succeeded', taskId: task.id, agentId, data: {} });

      const judged = await askAs(reviewer, { ...base, contract: 'review', purpose: `review${variant}`, nth: round, prompt: reviewPrompt(context, task, output) });
      if (!judged.answered.ok) return fail(task, judged.answered.failure);
      const { answer, usage } = judged.answered;
      const { verdict } = answer.decision as Pick<Review, 'verdict'>;
      emit({ type: 'task.reviewed', taskId: task.id, agentId: judged.agentId, data: { verdict, review: answer.text, usage } });
      if (verdict === 'accept') return emit({ type: 'task.succeeded', taskId: task.id, agentId, data: {} });
      if (round === ROUNDS && input.strict) return fail(task, refused(task, answer.text.preview));
      if (round === ROUNDS) return emit({ type: 'task.succeeded', taskId: task.id, agentId, data: { disputed: true, findings: answer.text.preview } });
      emit({ type: 'task.revised', taskId: task.id, agentId, data: {} });
      prompt = revisePrompt(first, output, answer.text);
    }
  };

  const assign = (task: TaskState): void => {
    const { role, reason } = selectRole(task, input.roster, loadOf(pool));
    // A task taken over from an earlier term keeps its agent, so that its call keys keep their prompts.
    const agentId = task.agentId ?? takeAgent(pool, role);
    pool.busy.add(agentId);
    running.add(task.id);
    emit({ type: 'task.assigned', taskId: task.id, agentId, data: { reason, steerings: task.steerings ?? control.steering.length } });
    void work(task, agentId);
  };

  const work = async (task: TaskState, agentId: string): Promise<void> => {
    try {
      await runTask(task, agentId, agentId.slice(0, agentId.lastIndexOf('-')));
    } catch (error) {
      if (!wf.isCancellation(error)) throw error;
      emit({ type: 'task.cancelled', taskId: task.id, agentId });
    } finally {
      releaseAgent(pool, agentId);
      running.delete(task.id);
    }
  };

  const freeSlots = (): number => (control.paused || wantsHandOver() || exhausted !== null ? 0 : input.maxAgents - running.size);
  const isOver = (): boolean => running.size === 0 && (allSettled(state.tasks) || wantsHandOver() || exhausted !== null);

  const runGraph = async (): Promise<void> => {
    while (!isOver()) {
      for (const task of readyTasks(state.tasks).slice(0, freeSlots())) assign(task);
      await wf.condition(() => isOver() || (freeSlots() > 0 && readyTasks(state.tasks).length > 0));
    }
  };

  const aggregate = async (): Promise<string | null> => {
    const material = aggregateMaterial(state.tasks);
    if (material.length === 0) return null;
    const missing = state.tasks.filter(({ status }) => status !== 'succeeded').map(({ title }) => title);
    if (state.aggregateSteerings === null) emit({ type: 'aggregate.started', data: { steerings: control.steering.length } });
    const role = input.roster.some(({ name }) => name === 'aggregator') ? 'aggregator' : (input.roster[0]?.name ?? '');
    const context = contextOf(state.aggregateSteerings);
    const prompt = aggregatePrompt(context, material, missing);
    const { answered, agentId } = await askAs(role, {
      scope: 'swarm',
      purpose: `aggregate${variantOf(null, context.steering.length)}`,
      nth: 1,
      contract: 'report',
      prompt,
      priority: 1,
      inline: true,
    });
    if (!answered.ok) throw wf.ApplicationFailure.create({ type: AGGREGATE_FAILED, nonRetryable: true, details: [answered.failure] });
    if (state.result === null) emit({ type: 'result.aggregated', agentId, data: { result: answered.answer.text, usage: answered.usage } });
    return answered.answer.inline;
  };

  try {
    await runGraph();
    if (!allSettled(state.tasks) && exhausted === null) return { kind: 'handedOver' };
    for (const task of state.tasks) if (task.status === 'pending') emit({ type: 'task.skipped', taskId: task.id, data: { because: 'the budget is used up' } });
    const resultText = exhausted === null ? await aggregate() : null;
    const failure = exhausted ?? failureOfGraph(state.tasks);
    return { kind: 'ended', status: exhausted === null ? (failure === null ? 'completed' : 'failed') : 'budget_exhausted', failure, resultText };
  } catch (error) {
    if (!(error instanceof wf.ApplicationFailure && error.type === AGGREGATE_FAILED)) throw error;
    const [failure] = error.details as [ErrorReport];
    return { kind: 'ended', status: failure.code === 'budget_exhausted' ? 'budget_exhausted' : 'failed', failure, resultText: null };
  } finally {
    await line.close();
  }
}

/** One answer and one revision. */
const ROUNDS = 2;
const AGGREGATE_FAILED = 'aggregate_failed';

const refused = (task: TaskState, findings: string): ErrorReport => ({
  code: 'provider_rejected',
  message: `Task ${task.id} was refused by its reviewer twice.`,
  why: findings,
  fix: 'Run without --strict to keep a disputed result, or steer the agents and retry.',
});

const failureOfGraph = (tasks: readonly TaskState[]): ErrorReport | null => {
  const failed = tasks.filter(({ status }) => status === 'failed');
  const skipped = tasks.filter(({ status }) => status === 'skipped').length;
  if (failed.length === 0) return null;
  return {
    code: 'provider_rejected',
    message: `${failed.length} of ${tasks.length} tasks failed${skipped > 0 ? `, ${skipped} that needed them were skipped` : ''}.`,
    why: failed
      .slice(0, 3)
      .map(({ id, failure }) => `${id}: ${failure ?? ''}`)
      .join(' · '),
    fix: 'See `cf show` for each task; the results reached are kept.',
  };
};
