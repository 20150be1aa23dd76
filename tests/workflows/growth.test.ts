import { expect, test } from 'vitest';
import { TOPOLOGIES, type Topology } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** How much history each topology writes per model call, per message between workflows, and per vote: a table, and a ceiling on each figure. */
const suite = engineSuite(() => undefined);
const ROLES = ['researcher', 'coder', 'tester', 'architect'] as const;
/** Layers of four, each task after two of the layer before: results pass between members. */
const graph = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `t${i}`,
    title: `Do ${i}`,
    role: ROLES[i % 4] ?? '',
    dependsOn: i < 4 ? [] : [`t${i - 4}`, `t${4 * Math.floor(i / 4) - 4 + ((i + 1) % 4)}`],
  }));

interface Size {
  readonly calls: number;
  readonly events: number;
  readonly bytes: number;
  readonly messages: number;
  /** Of the messages, as sent. */
  readonly messageBytes: number;
}

/** Of all workflows of one run. */
const sizeOf = async (topology: Topology, tasks: number, more: object = {}): Promise<Size> => {
  const view = await suite.engine().run({ topology, tasks: graph(tasks), review: false, maxAgents: 4, ...more });
  expect(view.status).toBe('completed');
  const { client } = suite.server();
  const size = { calls: view.usage.modelCalls, events: 0, bytes: 0, messages: 0, messageBytes: 0 };
  await suite.expectWhole(view);
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${view.swarmId}"` })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize } = await handle.describe();
    size.events += historyLength;
    size.bytes += historySize ?? 0;
    for (const { signalExternalWorkflowExecutionInitiatedEventAttributes: sent } of (await handle.fetchHistory()).events ?? []) {
      if (!sent) continue;
      size.messages += 1;
      size.messageBytes += (sent.input?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    }
  }
  return size;
};

/** Measured 2026-11-28 on an idle machine with two cores, and about half as much again: reports and letters gather more or fewer events as the machine is slow or fast. */
const CEILINGS: Readonly<
  Record<
    Topology,
    { readonly eventsPerCall: number; readonly bytesPerCall: number; readonly bytesPerMessage: number; readonly eventsPerVote: number; readonly bytesPerVote: number }
  >
> = {
  queen: { eventsPerCall: 7, bytesPerCall: 3_000, bytesPerMessage: 4_000, eventsPerVote: 8, bytesPerVote: 4_000 },
  mesh: { eventsPerCall: 45, bytesPerCall: 12_000, bytesPerMessage: 1_500, eventsPerVote: 50, bytesPerVote: 15_000 },
  hierarchical: { eventsPerCall: 75, bytesPerCall: 19_000, bytesPerMessage: 800, eventsPerVote: 14, bytesPerVote: 5_000 },
  distributed: { eventsPerCall: 26, bytesPerCall: 10_000, bytesPerMessage: 3_000, eventsPerVote: 10, bytesPerVote: 5_000 },
};

test.each(TOPOLOGIES)('%s: history grows by no more than its ceiling per call, message and vote', { timeout: 120_000 }, async (topology) => {
  const small = await sizeOf(topology, 16);
  const large = await sizeOf(topology, 64);
  // A mesh votes with all its peers, the others with as many agents as they are told.
  const [few, many] =
    topology === 'mesh'
      ? [{ maxAgents: 16 }, { maxAgents: 16, votes: 'outcome' }]
      : [
          { votes: 'outcome', voters: 4 },
          { votes: 'outcome', voters: 25 },
        ];
  // Of one task: what many tasks write differs from run to run by more than some votes do.
  const [unvoted, voted] = [await sizeOf(topology, 1, few), await sizeOf(topology, 1, many)];
  const calls = large.calls - small.calls;
  const votes = voted.calls - unvoted.calls;
  const found = {
    eventsPerCall: (large.events - small.events) / calls,
    bytesPerCall: (large.bytes - small.bytes) / calls,
    bytesPerMessage: large.messageBytes / large.messages,
    eventsPerVote: (voted.events - unvoted.events) / votes,
    bytesPerVote: (voted.bytes - unvoted.bytes) / votes,
  };
  console.log(
    `| ${topology} | ${found.eventsPerCall.toFixed(1)} | ${found.bytesPerCall.toFixed(0)} | ${(large.messages / large.calls).toFixed(2)} | ${found.bytesPerMessage.toFixed(0)} | ${found.eventsPerVote.toFixed(1)} | ${found.bytesPerVote.toFixed(0)} |`,
  );
  for (const [name, ceiling] of Object.entries(CEILINGS[topology])) expect(found[name as keyof typeof found], name).toBeLessThanOrEqual(ceiling);
});
