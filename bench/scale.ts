import { cpus } from 'node:os';
import type { Topology } from '../domain/names.js';
import { largestPayload } from '../tests/helpers/payloads.js';
import { numbers, openBench, startProvider, tasksOf, timed } from './harness.js';

/** Whether a swarm's cost per call grows with its size: a small and a large one on the same provider in one run, and how far each workflow of the large one stays inside the history limits. Usage: npm run bench:scale -- LATENCY SIZES TOPOLOGY AGENTS. */
const LATENCY_MS = Number(process.argv[2] ?? 2_000);
const SIZES = numbers(process.argv[3], '32,2000');
const TOPOLOGY = (process.argv[4] ?? 'hierarchical') as Topology;
const AGENTS = Number(process.argv[5] ?? 1_000);
/** One worker makes 250 calls at once. */
const CALLS_PER_WORKER = 250;

/** Wall time that the graph itself needs with this many agents. */
const idealMs = (n: number): number => LATENCY_MS * (2 + 2 * Math.ceil(n / AGENTS) + (2 * n + 1 > 200 ? 1 : 0));

const { server, engine, work, close } = await openBench();
const { url, stop } = await startProvider(LATENCY_MS);
const workers = await Promise.all(Array.from({ length: Math.ceil(AGENTS / CALLS_PER_WORKER) }, () => work(url)));
const swarmOf = (n: number) => engine.run({ objective: `${n}`, topology: TOPOLOGY, tasks: tasksOf(n), maxAgents: AGENTS, review: false });

console.log(`# ${cpus().length} cores, Node ${process.versions.node}, ${TOPOLOGY}, ${AGENTS} agents, calls of ${LATENCY_MS} ms\n`);
console.log('| tasks | wall s | graph s | overhead ms/call | CPU ms/call | workflows | most events | most bytes | largest payload | peak RSS MB |');
console.log('|---|---|---|---|---|---|---|---|---|---|');
await swarmOf(32);
const costs: number[] = [];
for (const n of SIZES) {
  let calls = 0;
  const before = process.cpuUsage();
  let swarmId = '';
  const wall = await timed(async () => {
    const view = await swarmOf(n);
    const done = view.tasks.filter(({ status }) => status === 'succeeded').length;
    if (view.status !== 'completed' || done !== 2 * n + 1) throw new Error(`${view.swarmId} ended ${view.status} with ${done} tasks done`);
    // Above 200 results they are merged in parts.
    calls = view.usage.modelCalls;
    swarmId = view.swarmId;
  });
  const { user, system } = process.cpuUsage(before);
  const most = { workflows: 0, events: 0, bytes: 0, payload: 0 };
  for await (const { workflowId, runId } of server.client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) {
    const handle = server.client.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize } = await handle.describe();
    most.workflows += 1;
    most.events = Math.max(most.events, historyLength);
    most.bytes = Math.max(most.bytes, historySize ?? 0);
    most.payload = Math.max(most.payload, largestPayload((await handle.fetchHistory()).events ?? []));
  }
  const overhead = (wall - idealMs(n)) / calls;
  costs.push(overhead);
  console.log(
    `| ${2 * n + 1} | ${(wall / 1000).toFixed(1)} | ${(idealMs(n) / 1000).toFixed(1)} | ${overhead.toFixed(2)} | ${((user + system) / 1000 / calls).toFixed(2)} | ${most.workflows} | ${most.events} | ${most.bytes} | ${most.payload} | ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} |`,
  );
}
console.log(`\nOverhead per call, largest to smallest: ${((costs.at(-1) ?? 0) / (costs[0] ?? 1)).toFixed(2)}`);
for (const worker of workers) worker.stop();
await Promise.all(workers.map(({ done }) => done));
stop();
await close();
