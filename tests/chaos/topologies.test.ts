import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { agesOfRepeats, type Kill } from '../helpers/paid-twice.js';
import { CF, startProcess } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/** Every topology, its outcome voted on, under five kill -9 of the worker process: judged by the provider, the event log, the recount and the list of workflows. */
const SETTLE_MS = 1_000;
const ROLES = ['researcher', 'coder', 'tester', 'analyst'] as const;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test.each(TOPOLOGIES)('%s: five kill -9 of the worker lose nothing and pay for nothing twice', { timeout: 300_000 }, async (topology) => {
  const random = seeded(`kills of ${topology}`);
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  const provider = await startHttpProvider({ latencyMs: (key, nth) => 40 + Math.floor(160 * random.of(`${key.slice(key.indexOf('/'))}#${nth}`)) });
  const startWorker = () => startProcess([CF, 'worker'], { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url });
  let worker = startWorker();
  try {
    const tasks = Array.from({ length: 24 }, (_, i) => ({
      id: `t${i}`,
      title: `Do ${i}`,
      role: ROLES[i % ROLES.length] ?? '',
      dependsOn: i < 4 ? [] : [`t${i - 4}`, ...(i % 3 === 0 ? [`t${i - 3}`] : [])],
    }));
    const swarmId = await engine.start({ topology, objective: 'Outlive kills', tasks, maxAgents: 6, votes: 'outcome' });
    const ended = engine.end(swarmId);
    const kills: Kill[] = [];
    for (let kill = 1; kill <= 5; kill += 1) {
      const goal = Math.floor((kill - 1) * 9 + 1 + random.below(8));
      await vi.waitUntil(() => provider.answered() >= goal, { timeout: 90_000, interval: 5 });
      const from = Date.now();
      await worker.kill();
      await vi.waitUntil(() => provider.inFlight() === 0, { timeout: 10_000, interval: 1 });
      kills.push({ from, to: Date.now() });
      worker = startWorker();
    }
    const view = await ended;
    expect([view.status, view.tasks.filter(({ status }) => status === 'succeeded').length]).toEqual(['completed', tasks.length]);
    expect(view.votes).toMatchObject([{ decided: 'approve', recount: { agrees: true } }]);
    const ages = [...provider.calls.values()].map((call) => [call.key, Math.max(-1, ...agesOfRepeats(call, kills))] as const);
    expect(ages.filter(([, age]) => age > SETTLE_MS)).toEqual([]);
    const seqs: number[] = [];
    const settled: string[] = [];
    for await (const { seq, type, taskId } of engine.swarms.events(swarmId)) {
      seqs.push(seq);
      if (type === 'task.succeeded') settled.push(String(taskId));
    }
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect(settled.sort()).toEqual(tasks.map(({ id }) => id).sort());
    await vi.waitUntil(
      async () => {
        for await (const { status } of server.client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) if (status.name === 'RUNNING') return false;
        return true;
      },
      { timeout: 20_000, interval: 200 },
    );
    console.log(
      `${topology}: ${provider.calls.size} calls, ${[...provider.calls.values()].reduce((sum, { requests }) => sum + requests, 0)} requests, ${view.durationMs} ms with 5 kills`,
    );
  } finally {
    await worker.stop();
    await provider.close();
    engine.close();
  }
});
