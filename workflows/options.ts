import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import { pulseQueue, SWARMS_QUEUE } from '../domain/names.js';

/** Lane, retries and time limits of every activity; call sites name one and know nothing more. */

/** One model call: on the queue of its provider or region; a dead worker shows within the heartbeat timeout, errors carry their own retry intent. */
export const modelCall = ({ queue, priority = 3, fairnessKey, timeoutMs, summary }: ModelLane): ActivityOptions => ({
  taskQueue: queue,
  startToCloseTimeout: timeoutMs ?? '10 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  priority: { priorityKey: priority, fairnessKey },
  summary,
});

export interface ModelLane {
  readonly queue: string;
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

/** Changes of a workspace and their undoing: on the swarms' queue, where the branches are; what keeps failing is given up after two minutes. */
export const WORKSPACE: ActivityOptions = {
  taskQueue: SWARMS_QUEUE,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '5 seconds',
  scheduleToCloseTimeout: '2 minutes',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
  summary: 'files of the workspace',
};

/** Storing texts: cheap and local, safe to repeat (content-addressed). */
export const STORE_TEXTS: LocalActivityOptions = { startToCloseTimeout: '30 seconds', summary: 'store texts outside history' };

/** Writing the read model: given up after a minute, since it can be rebuilt from history. */
export const RECORD: ActivityOptions = { startToCloseTimeout: '15 seconds', scheduleToCloseTimeout: '1 minute', summary: 'write the outcome to the read model' };

/** A region that says nothing for this long may have lost its workers, and has lost them when no other one takes over in the time after that. */
export const PULSE_MS = 6_000;
const TAKEOVER_MS = 4_000;
/** How long placing waits for a region that does not answer at first. */
export const GREETING_MS = 3_000;

/** A word from any worker of a region; waits for one for ever unless told. */
export const greeting = (region: string, patienceMs?: number): ActivityOptions => ({
  taskQueue: pulseQueue(region),
  startToCloseTimeout: '10 seconds',
  ...(patienceMs === undefined ? {} : { scheduleToStartTimeout: patienceMs }),
  summary: `is anybody in ${region}?`,
});
/** Ends when no worker of the region lives; heartbeats leave no trace in history. */
export const pulse = (region: string): ActivityOptions => ({
  taskQueue: pulseQueue(region),
  startToCloseTimeout: '30 days',
  heartbeatTimeout: PULSE_MS,
  scheduleToStartTimeout: TAKEOVER_MS,
  retry: { initialInterval: 1, backoffCoefficient: 1 },
  summary: `pulse of ${region}`,
});
/** Ending the workflow of a lost region: may be repeated until it is done. */
export const FENCE: ActivityOptions = { taskQueue: SWARMS_QUEUE, startToCloseTimeout: '30 seconds', summary: 'end the workflow of a lost region' };
/** Reading what waits on queues, to place tasks: given up soon, the last figures serve until the next look. */
export const READ_QUEUES: ActivityOptions = { taskQueue: SWARMS_QUEUE, startToCloseTimeout: '10 seconds', retry: { maximumAttempts: 2 }, summary: 'what waits on the queues' };
/** The same for a scaler, which looks again soon: in the worker itself, since it is one short request, and it leaves fewer events. */
export const LOOK_AT_QUEUE: LocalActivityOptions = { startToCloseTimeout: '5 seconds', retry: { maximumAttempts: 1 }, summary: 'what waits on the queue' };
