import { setTimeout as delay } from 'node:timers/promises';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { SwarmError } from '../domain/errors.js';
import { asSwarmError } from './failures.js';

const AGAIN_MS = 500;

/** Resolves when the swarm's last run has closed or `stop` fires, by one long poll and no query; waits out a server that is away, and leaves an unknown id for its reader to tell. */
export const untilClosed = async (client: Client, swarmId: string, stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    try {
      await client.withAbortSignal(stop, () => client.workflow.getHandle(swarmId).result());
      return;
    } catch (error) {
      if (stop.aborted || error instanceof WorkflowFailedError) return;
      const failure = asSwarmError(error, swarmId);
      if (!(failure instanceof SwarmError) || failure.code !== 'unreachable') return;
      await delay(AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
};
