import { workflowInfo } from '@temporalio/workflow';
import type { Amount } from '../domain/budget.js';
import type { ErrorReport } from '../domain/errors.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { allSettled } from '../domain/task-graph.js';
import { openCoordinator } from './coordinator.js';
import { openMemberDesk, type Post } from './member.js';
import { runGraph } from './run-graph.js';

/** How one term of a manager ended; `starved` = its lease of the budget does not cover the next call. */
export type ManagerOutcome = { readonly kind: 'done' | 'handedOver'; readonly spent: Amount } | { readonly kind: 'starved'; readonly failure: ErrorReport; readonly spent: Amount };

/** Runs the tasks of one domain with the places and the budget it was leased, and reports to the coordinator above it. */
export async function manager(input: SwarmInput, post: Post, ...snapshot: unknown[]): Promise<ManagerOutcome> {
  const coordinator = openCoordinator(input, snapshot, { reportTo: post.reportTo, source: workflowInfo().workflowId });
  const desk = openMemberDesk(coordinator, post);
  const { state } = coordinator;
  try {
    const failure = await runGraph(coordinator, desk);
    const { spent } = state.budget;
    if (failure) return { kind: 'starved', failure, spent };
    return { kind: allSettled(state.tasks.filter((task) => desk.owns(task))) ? 'done' : 'handedOver', spent };
  } finally {
    await desk.close();
    await coordinator.close();
  }
}
