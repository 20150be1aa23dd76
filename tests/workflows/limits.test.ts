import { expect, test } from 'vitest';
import { snapshotOf } from '../../temporal/snapshot.js';
import { startCommand } from '../../temporal/commands.js';
import { loadCatalogue } from '../../agents/loader.js';
import { packageRoot } from '../../config/package-root.js';
import { join } from 'node:path';
import { testModel } from '../helpers/engine.js';
import { engineSuite } from '../helpers/engine-suite.js';
import { largestPayload } from '../helpers/payloads.js';

const suite = engineSuite(() => undefined);
const flat = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `t${i + 1}`, title: `Do part ${i + 1}`, role: 'researcher' }));

/** Events and bytes of one run of a workflow, and its largest payload. */
const measure = async (workflowId: string, runId?: string) => {
  const { events } = await suite.server().client.workflow.getHandle(workflowId, runId).fetchHistory();
  const description = await suite.server().client.workflow.getHandle(workflowId, runId).describe();
  return { events: events?.length ?? 0, bytes: description.historySize ?? 0, largest: largestPayload(events ?? []) };
};

test('a budget that is too small for all calls at once is waited for: what fits in the end completes', async () => {
  // One call reserves about 2,300 tokens and uses 110: eight of them never fit side by side, one after the other they do.
  const view = await suite.engine().run({ tasks: flat(20), maxAgents: 20, budgetTokens: 12_000, review: false });
  expect(view.status).toBe('completed');
  expect(view.usage.inputTokens + view.usage.outputTokens).toBeLessThanOrEqual(12_000);
});

test.each([
  ['tokens', { budgetTokens: 30_000 }, 30_000],
  ['money', { budgetUsd: 0.03 }, 0.03],
])('racing agents that use all they may never pass a budget of %s; the run ends budget_exhausted with what was reached', async (unit, budget, limit) => {
  const view = await suite.engine().run({ objective: 'use it all', tasks: flat(40), maxAgents: 20, ...budget, review: false });
  expect(view.status).toBe('budget_exhausted');
  const spent = unit === 'tokens' ? view.usage.inputTokens + view.usage.outputTokens : (view.usage.costUsd ?? 0);
  expect(spent).toBeLessThanOrEqual(limit);
  expect(spent).toBeGreaterThan(0.8 * limit);
  expect(view.tasks.filter(({ status }) => status === 'succeeded').length).toBeGreaterThan(3);
  expect(view.failure).toMatchObject({ code: 'budget_exhausted', fix: expect.stringContaining('--budget-') });
});

test('continue-as-new carries state and event log: nothing is missing, doubled or asked again', async () => {
  const { agents } = await loadCatalogue({ builtin: join(packageRoot, 'agents'), project: '/nonexistent', user: '/nonexistent' });
  const command = startCommand.parse({ objective: 'A long run', tasks: flat(60), maxAgents: 4 });
  const swarmId = 'swarm-continued';
  const snapshot = snapshotOf(command, { catalogue: agents, model: testModel('sim/fake'), swarmId, traceId: 'a'.repeat(32), version: '0', now: Date.now() });
  await suite.server().client.workflow.start('swarm', { workflowId: swarmId, taskQueue: 'cf.swarms', args: [{ ...snapshot, limits: { ...snapshot.limits, historyEvents: 60 } }] });
  const view = await suite.engine().end(swarmId);
  expect(view.status).toBe('completed');
  const first = await suite.server().client.workflow.getHandle(swarmId).describe();
  expect(first.raw.workflowExecutionInfo?.firstRunId).not.toBe(first.runId);
  const events = await suite.events(swarmId, true);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.filter(({ type }) => type === 'task.succeeded')).toHaveLength(60);
  expect(events.at(-1)?.type).toBe('swarm.ended');
  const keys = suite.model().requests.flatMap(({ key }) => (key.startsWith(`${swarmId}/`) ? [key] : []));
  expect(new Set(keys).size).toBe(keys.length);
  expect(view.usage.modelCalls).toBe(keys.length);
}, 120_000);

test('one coordinator with 600 tasks stays inside the history limits', async () => {
  const half = 300;
  const tasks = flat(2 * half).map((task, i) => (i < half ? task : { ...task, dependsOn: [`t${i - half + 1}`, `t${((i - half + 1) % half) + 1}`] }));
  const view = await suite.engine().run({ tasks, maxAgents: 100 });
  expect([view.status, view.usage.modelCalls]).toEqual(['completed', 4 * half + 3 + 1]);
  for (const id of [view.swarmId, `${view.swarmId}/queen-1`]) {
    const { events, bytes, largest } = await measure(id);
    expect(events).toBeLessThanOrEqual(10_240);
    expect(bytes).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(largest).toBeLessThanOrEqual(128 * 1024);
  }
}, 180_000);

test('what people read in the Web UI is there: summaries, details, described messages, search attributes', async () => {
  const { swarmId } = await suite.engine().run({ objective: 'Readable in the Web UI', tasks: flat(2) });
  const handle = suite.server().client.workflow.getHandle(swarmId);
  const description = await handle.describe();
  expect(await description.staticSummary()).toBe('Readable in the Web UI');
  expect(description.searchAttributes).toMatchObject({ CfStatus: ['completed'], CfTopology: ['queen'], CfModel: ['sim/fake'], CfSimulated: [true] });
  const metadata = await handle.query<{
    definition: {
      queryDefinitions: { name: string; description: string }[];
      signalDefinitions: { name: string; description: string }[];
      updateDefinitions: { name: string; description: string }[];
    };
    currentDetails: string;
  }>('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toContain('2 of 2 tasks');
  const { queryDefinitions, signalDefinitions, updateDefinitions } = metadata.definition;
  const described = [...queryDefinitions, ...signalDefinitions, ...updateDefinitions].filter(({ name }) => /^(swarm|coordinator)\./.test(name));
  expect(described.map(({ name }) => name).sort()).toEqual([
    'coordinator.report',
    'swarm.addTask',
    'swarm.answer',
    'swarm.cost',
    'swarm.events',
    'swarm.judge',
    'swarm.pause',
    'swarm.raiseBudget',
    'swarm.resume',
    'swarm.status',
    'swarm.steer',
    'swarm.switchTopology',
    'swarm.votes',
  ]);
  expect(described.every(({ description: text }) => text.length > 10)).toBe(true);
  const queen = await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).fetchHistory();
  const summaries = queen.events?.flatMap((event) => (event.activityTaskScheduledEventAttributes ? [Buffer.from(event.userMetadata?.summary?.data ?? []).toString()] : []));
  expect(summaries?.every((summary) => /(answer|review|aggregate) by .* \(sim\/fake\)/.test(summary))).toBe(true);
});
