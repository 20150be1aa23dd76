import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { TOPOLOGIES } from '../domain/names.js';
import { median, numbers, openBench, startProvider, timed } from './harness.js';

/** Many swarms at once, what one that waits takes of a worker's memory, and how soon after the deciding vote a decision stands. Usage: npm run bench:fleet -- SWARMS WAITING. */
const [SWARMS = 100] = numbers(process.argv[2], '100');
const [WAITING = 200] = numbers(process.argv[3], '200');
const DECISIONS = 10;
const task = { id: 'a', title: 'Do it', role: 'researcher' };

const { engine, work, close } = await openBench();
console.log(`# ${cpus().length} cores, Node ${process.versions.node}\n`);

const quick = await startProvider(50);
const worker = await work(quick.url);
await engine.run({ tasks: [task], review: false });

console.log('| topology | swarms at once | per second | decision after its deciding vote, ms (median) | time to decision / time to the deciding vote |');
console.log('|---|---|---|---|---|');
for (const topology of TOPOLOGIES) {
  const ms = await timed(() =>
    Promise.all(Array.from({ length: SWARMS }, (_, i) => engine.run({ objective: `${topology} ${i}`, topology, tasks: [task], review: false, maxAgents: 4 }))),
  );
  const ratios: number[] = [];
  const delays: number[] = [];
  for (let i = 0; i < DECISIONS; i += 1) {
    const { swarmId, votes } = await engine.run({ objective: `vote ${i}`, topology, tasks: [task], votes: 'outcome', maxAgents: 4 });
    const at = { opened: 0, casts: [] as number[], ended: 0 };
    for await (const event of engine.swarms.events(swarmId)) {
      if (event.type === 'vote.opened') at.opened = Date.parse(event.at);
      if (event.type === 'vote.cast') at.casts.push(Date.parse(event.at));
      if (event.type === 'vote.ended') at.ended = Date.parse(event.at);
    }
    // All are honest: the vote that makes the quorum decides.
    const deciding = at.casts[(votes[0]?.quorum ?? 1) - 1] ?? at.ended;
    ratios.push((at.ended - at.opened) / Math.max(1, deciding - at.opened));
    delays.push(at.ended - deciding);
  }
  console.log(`| ${topology} | ${SWARMS} | ${((1000 * SWARMS) / ms).toFixed(1)} | ${median(delays)} | ${median(ratios).toFixed(2)} |`);
}
worker.stop();
await worker.done;
quick.stop();

const slow = await startProvider(600_000);
const host = await work(slow.url);
const rss = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};
await engine.start({ tasks: [task], review: false });
await delay(2_000);
const before = rss();
const ids = await Promise.all(Array.from({ length: WAITING }, (_, i) => engine.start({ objective: `waits ${i}`, tasks: [task], review: false })));
for (const id of ids) for (;;) if ((await engine.swarms.show(id)).tasks[0]?.status === 'running') break;
console.log(`\n${WAITING} queens that wait for a call: ${((rss() - before) / WAITING / 1024).toFixed(0)} KB of the worker each (root and coordinator cached, call in flight)`);
for (const id of ids) await engine.swarms.cancel(id).catch(() => undefined);
slow.stop();
host.stop();
await host.done;
await close();
