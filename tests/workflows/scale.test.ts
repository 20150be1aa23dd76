import { expect, test } from 'vitest';
import type { SwarmView } from '../../domain/view.js';
import { engineSuite } from '../helpers/engine-suite.js';
import { largestPayload } from '../helpers/payloads.js';

/** Large swarms on a real server: correct, and each workflow of them inside the limits of history (promises.md P6). */
const suite = engineSuite(({ contract }) => (contract === 'ballot' ? { choice: 'approve', reasons: ['good'], claims: [] } : undefined));
const CRAFTS = ['analyst', 'coder', 'tester', 'architect'] as const;

/** `n` tasks and `n` that each need two of them, over four crafts, so that results pass between managers. */
const graph = (n: number) => [
  ...Array.from({ length: n }, (_, i) => ({ id: `a${i}`, title: `Draft part ${i}`, role: CRAFTS[i % 4] ?? '' })),
  ...Array.from({ length: n }, (_, i) => ({ id: `b${i}`, title: `Read part ${i}`, role: CRAFTS[i % 4] ?? '', dependsOn: [`a${i}`, `a${(i + 1) % n}`] })),
];

const expectInsideLimits = async ({ swarmId }: SwarmView): Promise<number> => {
  const { client } = suite.server();
  let workflows = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) {
    const { historyLength, historySize } = await client.workflow.getHandle(workflowId, runId).describe();
    expect([historyLength <= 10_240, (historySize ?? 0) <= 10 * 1024 * 1024], `${workflowId}: ${historyLength} events, ${historySize} bytes`).toEqual([true, true]);
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    expect(largestPayload(events ?? []), workflowId).toBeLessThanOrEqual(128 * 1024);
    const open = { now: 0, most: 0 };
    for (const event of events ?? []) {
      if (event.activityTaskScheduledEventAttributes || event.startChildWorkflowExecutionInitiatedEventAttributes || event.signalExternalWorkflowExecutionInitiatedEventAttributes)
        open.most = Math.max(open.most, (open.now += 1));
      if (
        event.activityTaskCompletedEventAttributes ||
        event.activityTaskFailedEventAttributes ||
        event.activityTaskCanceledEventAttributes ||
        event.activityTaskTimedOutEventAttributes ||
        event.childWorkflowExecutionCompletedEventAttributes ||
        event.childWorkflowExecutionFailedEventAttributes ||
        event.externalWorkflowExecutionSignaledEventAttributes ||
        event.signalExternalWorkflowExecutionFailedEventAttributes
      )
        open.now -= 1;
    }
    expect(open.most, `${workflowId}: operations open at once`).toBeLessThanOrEqual(500);
    workflows += 1;
  }
  return workflows;
};

test('1,000 agents and 4,000 tasks in one swarm: every task once, and no workflow above a limit', async () => {
  const { start, swarms } = suite.engine();
  const view = await swarms.wait(await start({ topology: 'hierarchical', tasks: graph(2_000), maxAgents: 1_000, review: false }), 280_000);
  expect([view.status, view.usage.modelCalls, view.tasks.filter(({ status }) => status === 'succeeded').length]).toEqual(['completed', 4_000 + 20 + 1, 4_000]);
  await suite.expectWhole(view);
  // The root, its coordinator, four managers of crafts, and twenty below each.
  expect(await expectInsideLimits(view)).toBeGreaterThanOrEqual(86);
}, 360_000);

test('a mesh of 64 peers runs, and all of them vote on its outcome', async () => {
  const view = await suite.engine().run({ topology: 'mesh', tasks: graph(128), maxAgents: 128, peers: 64, review: false, votes: 'outcome' });
  // Votes that come after the decision are cancelled.
  expect([view.status, view.usage.modelCalls >= 256 + 2 + 1 + 43]).toEqual(['completed', true]);
  expect(view.votes).toMatchObject([{ electorate: 64, quorum: 43, decided: 'approve', recount: { agrees: true } }]);
  await suite.expectWhole(view);
  expect(await expectInsideLimits(view)).toBe(66);
}, 180_000);

test('more agents than one workflow may serve are refused for a queen, with what to do', async () => {
  await expect(suite.engine().start({ maxAgents: 251 })).rejects.toMatchObject({ code: 'invalid_input', fix: expect.stringContaining('--topology hierarchical') });
});
