import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { ErrorReport } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';
import { partOf } from '../domain/partition.js';
import { heldOf, openSlots } from '../domain/slots.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { leaseOf } from '../domain/swarm-state.js';
import { allSettled } from '../domain/task-graph.js';
import { openCoordinator, type Coordinator } from './coordinator.js';
import { manageDomains } from './manage-domains.js';
import { openMemberDesk, type MemberDesk, type Post } from './member.js';
import { FAIR_PLACES } from './run-crew.js';
import { runGraph } from './run-graph.js';

/** How one term of a manager ended; `starved` = its lease of the budget does not cover the next call. */
export type ManagerOutcome = { readonly kind: 'done' | 'handedOver' } | { readonly kind: 'starved'; readonly failure: ErrorReport };

/** Runs the tasks of one domain with the places and the budget it was leased, or has managers of its own run them, and reports to the coordinator above it. */
export async function manager(input: SwarmInput, post: Post, ...snapshot: unknown[]): Promise<ManagerOutcome> {
  const coordinator = openCoordinator(input, snapshot, { reportTo: post.reportTo, source: workflowInfo().workflowId });
  const size = input.limits.managerTasks ?? LIMITS.managerTasks;
  const isSplit = post.assignment.owned.length > size;
  const slots = openSlots(post.slots, isSplit && patched(FAIR_PLACES));
  const desk = openMemberDesk(coordinator, post, () => heldOf(slots));
  const { state } = coordinator;
  try {
    const failure = isSplit ? await manageParts(coordinator, desk, slots, size) : await runGraph(coordinator, desk);
    if (failure) return { kind: 'starved', failure };
    return { kind: allSettled(state.tasks.filter((task) => desk.owns(task))) ? 'done' : 'handedOver' };
  } finally {
    await desk.close();
    await coordinator.close();
  }
}

/** Managers below this one, each for a part of its tasks. */
const manageParts = async (coordinator: Coordinator, desk: MemberDesk, slots: ReturnType<typeof openSlots>, size: number): Promise<ErrorReport | null> => {
  const { state } = coordinator;
  const managed = await manageDomains(coordinator, { domainOf: (task) => partOf(state.tasks, desk.owned(), task, size), places: desk.slots, onChange: desk.onAssign }, slots);
  if (managed.kind === 'failed') throw ApplicationFailure.nonRetryable(managed.failure.message);
  if (managed.kind !== 'starved') return null;
  // All of the lease has come back: this manager uses it to the last call it covers.
  state.budget = leaseOf(state);
  return runGraph(coordinator, desk);
};
