import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import { openStorage, type InFlightCall } from '../../storage/index.js';
import { releaseOrphans } from '../../workers/orphans.js';
import { tempFolder } from '../helpers/temp-folder.js';

const call = (id: string, pid: number): InFlightCall => ({
  key: `swarm-1/${id}/answer/1`,
  workflowId: 'swarm-1/queen-1',
  runId: 'r',
  activityId: id,
  attempt: 1,
  pid,
  processStart: 's',
});

test('only the calls of dead processes are failed, each once, whoever looks; their workflow is sent to another worker; a refusal of the server is none of ours', async () => {
  const { ledger, close } = openStorage({ home: tempFolder(), root: packageRoot });
  for (const [id, pid] of [
    ['a', 1],
    ['b', 1],
    ['moved-on', 1],
    ['alive', 2],
  ] as const)
    ledger.begin(call(id, pid));
  const failed: string[] = [];
  const unstuck: unknown[] = [];
  const client = {
    options: { namespace: 'default' },
    workflowService: { resetStickyTaskQueue: async ({ execution }: { execution: unknown }) => void unstuck.push(execution) },
    activity: {
      fail: async ({ activityId }: { activityId: string }, { nextRetryDelay, nonRetryable }: { nextRetryDelay: unknown; nonRetryable: boolean }) => {
        if (activityId === 'moved-on') throw new Error('not found');
        expect([nextRetryDelay, nonRetryable]).toEqual([1, false]);
        failed.push(activityId);
      },
    },
  } as unknown as Client;
  const deps = { ledger, client, isAlive: ({ pid }: InFlightCall) => pid === 2 };
  const released = await Promise.all([releaseOrphans(deps), releaseOrphans(deps)]);
  expect(released[0] + released[1]).toBe(2);
  expect(failed.sort()).toEqual(['a', 'b']);
  expect(unstuck).toContainEqual({ workflowId: 'swarm-1/queen-1', runId: 'r' });
  expect(ledger.inFlight().map(({ activityId }) => activityId)).toEqual(['alive']);
  close();
});
