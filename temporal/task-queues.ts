import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Backlog } from '../domain/backlog.js';

const KIND = proto.temporal.api.enums.v1.TaskQueueType;

/** What waits for a worker on a queue of activities. */
export const readBacklog = async ({ workflowService, options: { namespace } }: Client, queue: string): Promise<Backlog> => {
  const { stats } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType: KIND.TASK_QUEUE_TYPE_ACTIVITY, reportStats: true });
  const age = stats?.approximateBacklogAge;
  return { waiting: Number(stats?.approximateBacklogCount ?? 0), oldestMs: Number(age?.seconds ?? 0) * 1000 + Math.floor((age?.nanos ?? 0) / 1e6) };
};

/** What the server can say and do about regions, for the activities of a worker. */
export const createRegionControl = (client: Client) => ({
  backlogOf: (queue: string): Promise<Backlog> => readBacklog(client, queue),
  /** Ends a workflow without its workers; one that has ended is no error. */
  terminate: async (workflowId: string, reason: string): Promise<void> => {
    await client.workflow
      .getHandle(workflowId)
      .terminate(reason)
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
  },
});
