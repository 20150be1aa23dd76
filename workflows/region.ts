import { workflowInfo } from '@temporalio/workflow';
import type { Replica } from '../domain/replica.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { openCoordinator } from './coordinator.js';
import type { ManagerOutcome } from './manager.js';
import { openRegionDesk } from './region-desk.js';
import { runGraph } from './run-graph.js';

/** Where a region stands in its swarm. */
export interface RegionPost {
  /** Workflow id of its coordinator. */
  readonly reportTo: string;
  readonly region: string;
  /** Queue of its model calls. */
  readonly calls: string;
  /** Where each task was placed, and who runs the regions; the tasks themselves are in the snapshot. */
  readonly placed: Readonly<Record<string, { readonly epoch: number; readonly region: string }>>;
  readonly regions: Replica['regions'];
  /** Places for tasks in flight to begin with. */
  readonly slots: number;
}

/** Runs the tasks that are placed on one region, on its own queue and by its own workers, until it is told to stop; shares what becomes of them with the other regions. */
export async function region(input: SwarmInput, post: RegionPost, ...snapshot: unknown[]): Promise<ManagerOutcome> {
  const coordinator = openCoordinator(input, snapshot, { reportTo: post.reportTo, source: workflowInfo().workflowId, calls: post.calls });
  const desk = openRegionDesk(coordinator, post);
  try {
    const failure = await runGraph(coordinator, desk);
    return failure ? { kind: 'starved', failure } : { kind: 'handedOver' };
  } finally {
    await desk.close();
    await coordinator.close();
  }
}
