import type { Backlog } from '../domain/backlog.js';

/** What the server can say and do about regions. */
export interface RegionControl {
  backlogOf(queue: string): Promise<Backlog>;
  /** Ends a workflow without its workers; one that has ended is no error. */
  terminate(workflowId: string, reason: string): Promise<void>;
}

export const createRegionActivities = ({ regions }: { readonly regions: RegionControl }) => ({
  /** What waits on each of these queues, by queue; reads only. */
  readBacklogs: async (queues: readonly string[]): Promise<Readonly<Record<string, Backlog>>> =>
    Object.fromEntries(await Promise.all(queues.map(async (queue) => [queue, await regions.backlogOf(queue)] as const))),
  /** Ends the member of a lost region for good: what its workers still finish reaches nobody. May be repeated. */
  fence: ({ workflowId, reason }: { readonly workflowId: string; readonly reason: string }): Promise<void> => regions.terminate(workflowId, reason),
});
export type RegionActivities = ReturnType<typeof createRegionActivities>;
