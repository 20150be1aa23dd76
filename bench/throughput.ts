import { cpus } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import type { Topology } from '../domain/names.js';
import { deflateCodec } from '../temporal/deflate-codec.js';
import { payloadsOf } from '../tests/helpers/payloads.js';
import type { TestServer } from '../tests/helpers/temporal.js';
import { median, numbers, openBench, startProvider, tasksOf, timed } from './harness.js';

/** Overhead per model call: `Promise.all` with fetch, a bare Temporal workflow, and a swarm of each topology, on the same provider in one run. Usage: npm run bench -- LATENCIES SIZES TOPOLOGIES. */
const LATENCIES_MS = numbers(process.argv[2], '200,2000');
const SIZES = numbers(process.argv[3], '8,64,256');
const TOPOLOGIES = (process.argv[4] ?? 'queen').split(',') as Topology[];
const ROUNDS = 3;

const schema = { name: 'report', schema: { type: 'object' } };
const ask = async (url: string, key: string): Promise<number> => {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ model: 'x', messages: [{ role: 'user', content: key }], response_format: { type: 'json_schema', json_schema: schema } }),
  });
  return (await response.text()).length;
};

const plain = async (url: string, id: string, n: number): Promise<void> => {
  await ask(url, `${id}/plan`);
  const drafts = Array.from({ length: n }, (_, i) => ask(url, `${id}/a${i}`));
  await Promise.all(drafts.map((_, i) => Promise.all([drafts[i], drafts[(i + 1) % n]]).then(() => ask(url, `${id}/b${i}`))));
  await ask(url, `${id}/merge`);
};

interface HistorySize {
  readonly events: number;
  /** As the server counts them. */
  readonly bytes: number;
  /** Of payloads before they are deflated, without the start inputs (roster and snapshot, once a swarm). */
  readonly payloads: number;
  /** Part of these: hashes, call keys and previews. */
  readonly references: number;
}

const REFERENCES = [/[0-9a-f]{64}/g, /"key":"[^"]*"/g, /"preview":"(?:[^"\\]|\\.)*"/g];

/** Of the swarm and of all its children. */
const history = async ({ client }: TestServer, swarmId: string): Promise<HistorySize> => {
  const size = { events: 0, bytes: 0, payloads: 0, references: 0 };
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize } = await handle.describe();
    size.events += historyLength;
    size.bytes += historySize ?? 0;
    const { events } = await handle.fetchHistory();
    const later = (events ?? []).filter((event) => !event.workflowExecutionStartedEventAttributes && !event.startChildWorkflowExecutionInitiatedEventAttributes);
    for (const { data } of await deflateCodec.decode([...later.flatMap(payloadsOf)])) {
      const text = Buffer.from(data ?? []).toString();
      size.payloads += data?.length ?? 0;
      for (const reference of REFERENCES) size.references += (text.match(reference) ?? []).join('').length;
    }
  }
  return size;
};

const { server, engine, work, close } = await openBench();
const bundle = await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'bare-workflow.js'), logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: server.target.address });

console.log(`# ${cpus().length} cores, Node ${process.versions.node}, median of ${ROUNDS} rounds; overhead = wall time above Promise.all, per call\n`);
console.log(
  '| latency | n | topology | calls | Promise.all ms | bare Temporal ms | swarm ms | makespan to bare | bare overhead ms/call | swarm overhead ms/call | ratio | swarm events/call | swarm bytes/call | payload bytes/call beside references |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|---|---|---|');
for (const latencyMs of LATENCIES_MS) {
  const { url, stop } = await startProvider(latencyMs);
  const ours = await work(url);
  // A distributed swarm has two regions, both in this process.
  const eu = TOPOLOGIES.includes('distributed') ? await work(url, 'eu') : null;
  const baseline = await Worker.create({
    connection,
    taskQueue: 'bench.bare',
    workflowBundle: bundle,
    activities: { ask: (key: string) => ask(url, key) },
    maxConcurrentActivityTaskExecutions: 250,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
  });
  const baselineDone = baseline.run();
  const swarmOf = (n: number, name: string, topology: Topology) =>
    engine.run({ objective: name, topology, tasks: tasksOf(n), maxAgents: 250, review: false, ...(topology === 'distributed' ? { regions: ['local', 'eu'] } : {}) });
  const bareOf = (n: number, id: string) => server.client.workflow.execute('bare', { taskQueue: 'bench.bare', workflowId: id, args: [id, n] });
  // Workers live long: what is measured is a warm one, for both.
  for (const topology of TOPOLOGIES) await swarmOf(64, 'warm up', topology);
  await bareOf(64, `bare-warm-${latencyMs}`);
  for (const n of SIZES) {
    const times = { plain: [] as number[], bare: [] as number[] };
    const swarms = new Map(TOPOLOGIES.map((topology) => [topology, { times: [] as number[], last: '' }]));
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = `${latencyMs}-${n}-${round}`;
      times.plain.push(await timed(() => plain(url, `plain-${id}`, n)));
      times.bare.push(await timed(() => bareOf(n, `bare-${id}`)));
      for (const [topology, measured] of swarms)
        measured.times.push(
          await timed(async () => {
            const view = await swarmOf(n, `swarm ${id}`, topology);
            if (view.status !== 'completed') throw new Error(`${view.swarmId} ended ${view.status}`);
            measured.last = view.swarmId;
          }),
        );
    }
    const calls = 2 * n + 2;
    const [wall, bareWall] = [median(times.plain), median(times.bare)];
    for (const [topology, measured] of swarms) {
      const swarmWall = median(measured.times);
      const [bareOver, swarmOver] = [(bareWall - wall) / calls, (swarmWall - wall) / calls];
      const { events, bytes, payloads, references } = await history(server, measured.last);
      console.log(
        `| ${latencyMs} ms | ${n} | ${topology} | ${calls} | ${wall.toFixed(0)} | ${bareWall.toFixed(0)} | ${swarmWall.toFixed(0)} | ${(swarmWall / bareWall).toFixed(2)} | ${bareOver.toFixed(2)} | ${swarmOver.toFixed(2)} | ${(swarmOver / bareOver).toFixed(2)} | ${(events / calls).toFixed(1)} | ${(bytes / calls).toFixed(0)} | ${((payloads - references) / calls).toFixed(0)} |`,
      );
    }
  }
  baseline.shutdown();
  ours.stop();
  eu?.stop();
  await Promise.all([baselineDone, ours.done, eu?.done]);
  stop();
}
await connection.close();
await close();
