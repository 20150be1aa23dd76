import type { ErrorReport } from '../domain/errors.js';
import { isAsking, type TaskState } from '../domain/task-state.js';
import { allSettled } from '../domain/task-graph.js';
import { aggregate } from './aggregate.js';
import type { Coordinator } from './coordinator.js';
import type { Poll } from './hold-vote.js';

/** How one term of a coordinator ended; `handedOver` leaves the rest of the graph to the next term. */
export type CoordinatorOutcome =
  | { readonly kind: 'handedOver' }
  | {
      readonly kind: 'ended';
      readonly status: 'completed' | 'failed' | 'budget_exhausted' | 'no_quorum';
      readonly failure: ErrorReport | null;
      readonly resultText: string | null;
    };

/** Runs the graph as a topology does, merges what was reached and has it judged; again when people added tasks meanwhile. `run` returns why nothing more can be run, or null. */
export const conclude = async (coordinator: Coordinator, run: () => Promise<ErrorReport | null>, poll?: () => Poll | undefined): Promise<CoordinatorOutcome> => {
  for (;;) {
    const end = await runTerm(coordinator, run, poll);
    if (end.kind === 'handedOver' || end.status !== 'completed' || allSettled(coordinator.state.tasks)) return end;
  }
};

const runTerm = async (coordinator: Coordinator, run: () => Promise<ErrorReport | null>, poll?: () => Poll | undefined): Promise<CoordinatorOutcome> => {
  const { state, emit } = coordinator;
  const stopped = await run();
  if (stopped) {
    for (const task of state.tasks)
      if (task.status === 'pending' || isAsking(task))
        emit({ type: 'task.skipped', taskId: task.id, data: { because: stopped.code === 'budget_exhausted' ? 'the budget is used up' : stopped.message } });
    return { kind: 'ended', status: stopped.code === 'budget_exhausted' ? 'budget_exhausted' : 'failed', failure: stopped, resultText: null };
  }
  if (!allSettled(state.tasks)) return { kind: 'handedOver' };
  const failure = failureOfGraph(state.tasks);
  const { resultText, refusal } = await aggregate(coordinator, failure !== null, poll?.());
  if (refusal) return { kind: 'ended', ...refusal, resultText };
  return { kind: 'ended', status: failure === null ? 'completed' : 'failed', failure, resultText };
};

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
