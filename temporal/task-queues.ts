import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Backlog, RegionControl } from '../activities/regions.js';

const KIND = proto.temporal.api.enums.v1.TaskQueueType;

/** What waits for a worker on a queue of activities. */
export const readBacklog = async ({ workflowService, options: { namespace } }: Client, queue: string): Promise<Backlog> => {
  const { stats } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType: KIND.TASK_QUEUE_TYPE_ACTIVITY, reportStats: true });
  const age = stats?.approximateBacklogAge;
  return { waiting: Number(stats?.approximateBacklogCount ?? 0), oldestMs: Number(age?.seconds ?? 0) * 1000 + Math.floor((age?.nanos ?? 0) / 1e6) };
};

export const createRegionControl = (client: Client): RegionControl => ({
  backlogOf: (queue) => readBacklog(client, queue),
  terminate: async (workflowId, reason) => {
    await client.workflow
      .getHandle(workflowId)
      .terminate(reason)
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
  },
});
