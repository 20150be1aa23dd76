import type { SwarmInput } from '../domain/swarm-input.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { openCoordinator } from './coordinator.js';
import { allocateByElders } from './elders.js';
import { runGraph, wholeGraph } from './run-graph.js';

/** The queen has ready tasks done the moment their last dependency settles, by whom she or her elders choose, has each result judged, merges what was reached and puts it to the vote. */
export async function queenSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  const { votes } = input;
  const desk = wholeGraph(coordinator);
  const elders =
    input.allocation === 'elders' && votes !== undefined ? { ...desk, allocate: (task: Parameters<typeof desk.owns>[0]) => allocateByElders(coordinator, votes, task) } : desk;
  try {
    return await conclude(coordinator, () => runGraph(coordinator, elders));
  } finally {
    await coordinator.close();
  }
}
