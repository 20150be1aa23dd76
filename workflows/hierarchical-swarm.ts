import type { SwarmInput } from '../domain/swarm-input.js';
import { domainOf } from '../domain/partition.js';
import { leaseOf } from '../domain/swarm-state.js';
import { openCoordinator } from './coordinator.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { manageDomains } from './manage-domains.js';
import { runGraph } from './run-graph.js';

/** A coordinator above one manager per domain: leases places and budget down, passes reports up, merges what was reached and puts it to the vote. */
export async function hierarchicalSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  try {
    return await conclude(coordinator, async () => {
      const { state, input } = coordinator;
      const managed = await manageDomains(coordinator, { domainOf: (task) => domainOf(state.tasks, task, input.roster), places: () => input.maxAgents, onChange: () => undefined });
      // Nothing runs below any more: from here on the coordinator spends for itself.
      coordinator.state.budget = leaseOf(coordinator.state);
      if (managed.kind === 'failed') return managed.failure;
      // What is left is too little to be split: the coordinator takes the rest in hand, so that it is used to the last call it covers.
      return managed.kind === 'starved' ? runGraph(coordinator) : null;
    });
  } finally {
    await coordinator.close();
  }
}
