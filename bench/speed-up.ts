import { cpus } from 'node:os';
import { TOPOLOGIES, type Topology } from '../domain/names.js';
import { median, numbers, openBench, startProvider, tasksOf, timed } from './harness.js';

/** What many agents gain over one on the same work (mission row D6): the same tasks, one at a time and side by side. Usage: npm run bench:speed-up -- LATENCY SIZE AGENTS. */
const [latencyMs = 0] = numbers(process.argv[2], '2000');
const [n = 0] = numbers(process.argv[3], '8');
const AGENTS = numbers(process.argv[4], '2,4,8');
const ROUNDS = 3;

const { engine, work, close } = await openBench();
const { url, stop } = await startProvider(latencyMs);
const worker = await work(url);
const makespan = async (topology: Topology, maxAgents: number): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    times.push(
      await timed(async () => {
        const { status, swarmId } = await engine.run({ topology, tasks: tasksOf(n), maxAgents, review: false });
        if (status !== 'completed') throw new Error(`${swarmId} ended ${status}`);
      }),
    );
  return median(times);
};
const one = await makespan('queen', 1);
console.log(
  `# ${cpus().length} cores, Node ${process.versions.node}, ${2 * n + 2} calls of ${latencyMs} ms, median of ${ROUNDS} rounds; one agent needs ${(one / 1000).toFixed(1)} s\n`,
);
console.log('| topology | agents | makespan s | speed-up | efficiency |');
console.log('|---|---|---|---|---|');
for (const topology of TOPOLOGIES)
  for (const agents of AGENTS) {
    const took = await makespan(topology, agents);
    console.log(`| ${topology} | ${agents} | ${(took / 1000).toFixed(1)} | ${(one / took).toFixed(2)} | ${((100 * one) / took / agents).toFixed(0)} % |`);
  }
worker.stop();
await worker.done;
stop();
await close();
