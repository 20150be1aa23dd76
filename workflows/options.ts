import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import { modelQueue, SWARMS_QUEUE } from '../domain/names.js';

/** Lane, retries and time limits of every activity; call sites name one and know nothing more. */

/** One model call: on its provider's queue; a dead worker shows within the heartbeat timeout, errors carry their own retry intent. */
export const modelCall = ({ provider, priority = 3, fairnessKey, timeoutMs, summary }: ModelLane): ActivityOptions => ({
  taskQueue: modelQueue(provider),
  startToCloseTimeout: timeoutMs ?? '10 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  priority: { priorityKey: priority, fairnessKey },
  summary,
});

export interface ModelLane {
  readonly provider: string;
  /** 1 (first) to 5. */
  readonly priority?: number;
  /** The tenant. */
  readonly fairnessKey: string;
  readonly timeoutMs?: number | null;
  readonly summary: string;
}

/** Looking up the evidence of a ballot: reads only, on the swarms' queue, where files and texts are. */
export const CHECK_CLAIMS: ActivityOptions = { taskQueue: SWARMS_QUEUE, startToCloseTimeout: '30 seconds', summary: 'check the evidence of a ballot' };

/** Keys and signatures of voters: on the swarms' queue, where the private keys are; the same again does no harm. */
export const VOTE_KEYS: ActivityOptions = { taskQueue: SWARMS_QUEUE, startToCloseTimeout: '30 seconds', summary: 'keys and signatures of voters' };

/** Storing texts: cheap and local, safe to repeat (content-addressed). */
export const STORE_TEXTS: LocalActivityOptions = { startToCloseTimeout: '30 seconds', summary: 'store texts outside history' };

/** Writing the read model: given up after a minute, since it can be rebuilt from history. */
export const RECORD: ActivityOptions = { startToCloseTimeout: '15 seconds', scheduleToCloseTimeout: '1 minute', summary: 'write the outcome to the read model' };
