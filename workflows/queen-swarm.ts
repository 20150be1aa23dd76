import type { ErrorReport } from '../domain/errors.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { TaskState } from '../domain/swarm-state.js';
import { allSettled } from '../domain/task-graph.js';
import { aggregate } from './aggregate.js';
import { openCoordinator, type Coordinator } from './coordinator.js';
import { runGraph } from './run-graph.js';

/** How one term of a coordinator ended; `handedOver` leaves the rest of the graph to the next term. */
export type CoordinatorOutcome =
  | { readonly kind: 'handedOver' }
  | {
      readonly kind: 'ended';
      readonly status: 'completed' | 'failed' | 'budget_exhausted' | 'no_quorum';
      readonly failure: ErrorReport | null;
      readonly resultText: string | null;
    };

/** The queen hands ready tasks to agents the moment their last dependency settles, has each result judged, merges what was reached and puts it to the vote. */
export async function queenSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  try {
    for (;;) {
      const end = await runTerm(coordinator);
      // Tasks that people added while the result was merged.
      if (end.kind === 'handedOver' || end.status !== 'completed' || allSettled(coordinator.state.tasks)) return end;
    }
  } finally {
    await coordinator.close();
  }
}

const runTerm = async (coordinator: Coordinator): Promise<CoordinatorOutcome> => {
  const { state, emit } = coordinator;
  const exhausted = await runGraph(coordinator);
  if (exhausted) {
    for (const task of state.tasks) if (task.status === 'pending') emit({ type: 'task.skipped', taskId: task.id, data: { because: 'the budget is used up' } });
    return { kind: 'ended', status: 'budget_exhausted', failure: exhausted, resultText: null };
  }
  if (!allSettled(state.tasks)) return { kind: 'handedOver' };
  const failure = failureOfGraph(state.tasks);
  const { resultText, refusal } = await aggregate(coordinator, failure !== null);
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
