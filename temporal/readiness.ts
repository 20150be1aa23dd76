import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SWARMS_QUEUE } from '../domain/names.js';
import type { Readiness } from './port.js';

const KIND = proto.temporal.api.enums.v1.TaskQueueType;
/** A poller counts as alive when it was seen this recently (a long poll lasts 60 s). */
const POLLER_FRESH_MS = 70_000;

/** Whether Temporal answers and whether a worker polls each queue; never throws. */
export const readReadiness = async (client: Client, queues: readonly string[]): Promise<Readiness> => {
  try {
    const { serverVersion } = await client.workflowService.getSystemInfo({});
    const polled = await Promise.all(queues.map(async (queue) => [queue, await isPolled(client, queue)] as const));
    return { temporal: true, serverVersion: serverVersion ?? null, queues: Object.fromEntries(polled) };
  } catch {
    return { temporal: false, serverVersion: null, queues: Object.fromEntries(queues.map((queue) => [queue, false])) };
  }
};

const isPolled = async (client: Client, queue: string): Promise<boolean> => {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: queue === SWARMS_QUEUE ? KIND.TASK_QUEUE_TYPE_WORKFLOW : KIND.TASK_QUEUE_TYPE_ACTIVITY,
  });
  return (pollers ?? []).some(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < POLLER_FRESH_MS);
};
