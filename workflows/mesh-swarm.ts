import type { SwarmInput } from '../domain/swarm-input.js';
import { conclude, type CoordinatorOutcome } from './conclude.js';
import { openCoordinator } from './coordinator.js';
import { openMesh } from './mesh.js';
import { runGraph } from './run-graph.js';

/** Peers without a leader: each owns tasks, tells the others what became of them, takes work from the loaded and votes on the outcome; this workflow brings them together and counts; one of them merges. */
export async function meshSwarm(input: SwarmInput, ...snapshot: unknown[]): Promise<CoordinatorOutcome> {
  const coordinator = openCoordinator(input, snapshot);
  const mesh = openMesh(coordinator);
  try {
    const outcome = await conclude({ ...coordinator, askAs: mesh.askAs }, () => mesh.run(), mesh.poll);
    if (outcome.kind !== 'ended' || outcome.status !== 'budget_exhausted' || mesh.poll() === undefined) return outcome;
    // No share covered the merge; together they may.
    await mesh.close();
    return await conclude(coordinator, () => runGraph(coordinator));
  } finally {
    await mesh.close();
    await coordinator.close();
  }
}
