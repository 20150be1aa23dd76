import type { SwarmInput } from '../domain/swarm-input.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { openCoordinator } from './coordinator.js';
import { manageRegions } from './manage-regions.js';
import { afterCrew } from './run-crew.js';

/** A coordinator above regions with workers of their own: places tasks on them, outlives their loss, merges what was reached and puts it to the vote. */
export async function distributedSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  try {
    return await conclude(coordinator, async () => afterCrew(coordinator, await manageRegions(coordinator)));
  } finally {
    await coordinator.close();
  }
}
