import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { CallLedger, InFlightCall } from '../storage/port.js';

export interface OrphanDeps {
  readonly ledger: Pick<CallLedger, 'inFlight' | 'claimOrphan'>;
  readonly client: Client;
  readonly isAlive: (call: InFlightCall) => boolean;
}

/**
 * Fails the calls that dead processes of this machine were making, so that the next attempt starts now and not after the heartbeat timeout; returns how many.
 * Their workflows were cached in the dead process too: what they have to do next would wait for it (sticky queue) until a timeout.
 */
export const releaseOrphans = async ({ ledger, client, isAlive }: OrphanDeps): Promise<number> => {
  // Claiming first: an attempt that has moved on has rewritten its row, and a live attempt must never be failed.
  const orphans = ledger.inFlight().filter((call) => !isAlive(call) && ledger.claimOrphan(call));
  const failure = ApplicationFailure.create({ type: 'worker_died', message: 'The worker process died during this attempt.', nextRetryDelay: 1 });
  await Promise.all([...new Map(orphans.map((call) => [`${call.workflowId} ${call.runId}`, call])).values()].map((call) => unstick(client, call)));
  const released = await Promise.all(
    orphans.map(({ workflowId, runId, activityId }) =>
      client.activity.fail({ workflowId, runId, activityId }, failure).then(
        () => 1,
        () => 0,
      ),
    ),
  );
  return released.reduce<number>((sum, one) => sum + one, 0);
};

/** Sends the workflow's next task to any worker; one that has ended needs none. */
const unstick = async ({ workflowService, options: { namespace } }: Client, { workflowId, runId }: InFlightCall): Promise<void> => {
  await workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId, runId } }).catch(() => undefined);
};
