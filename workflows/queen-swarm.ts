import type { SwarmInput } from '../domain/swarm-input.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { openCoordinator } from './coordinator.js';
import { runGraph } from './run-graph.js';

/** The queen hands ready tasks to agents the moment their last dependency settles, has each result judged, merges what was reached and puts it to the vote. */
export async function queenSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  try {
    return await conclude(coordinator, () => runGraph(coordinator));
  } finally {
    await coordinator.close();
  }
}
