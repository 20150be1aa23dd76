import { domainOf } from '../domain/partition.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { openCoordinator } from './coordinator.js';
import { manageDomains } from './manage-domains.js';
import { afterCrew } from './run-crew.js';

/** A coordinator above one manager per domain: leases places and budget down, passes reports up, merges what was reached and puts it to the vote. */
export async function hierarchicalSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  const { state, input: own } = coordinator;
  const level = { domainOf: (task: Parameters<typeof domainOf>[1]) => domainOf(state.tasks, task, own.roster), places: () => own.maxAgents, onChange: () => undefined };
  try {
    return await conclude(coordinator, async () => afterCrew(coordinator, await manageDomains(coordinator, level)));
  } finally {
    await coordinator.close();
  }
}
