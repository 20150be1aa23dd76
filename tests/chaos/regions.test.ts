import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { agesOfRepeats, type Kill } from '../helpers/paid-twice.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/** Three regions, each with a worker process of its own: one loses all its workers for good, one is cut off and comes back. Judged by the provider and the event log. */
const SETTLE_MS = 1_000;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('a region that loses all its workers and one that is cut off and comes back cost no task and no answered call', { timeout: 240_000 }, async () => {
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  const provider = await startHttpProvider({ latencyMs: () => 400 });
  const startWorker = (...args: readonly string[]): Process =>
    startProcess([CF, 'worker', ...args], { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url });
  const workers = [startWorker(), startWorker('--region', 'eu'), startWorker('--region', 'us')] as const;
  const [, eu, us] = workers;
  try {
    const tasks = Array.from({ length: 90 }, (_, i) => ({
      id: `t${i}`,
      title: `Do ${i}`,
      role: ['researcher', 'coder', 'tester'][i % 3] ?? '',
      dependsOn: i < 6 ? [] : [`t${i - 6}`, ...(i % 4 === 0 ? [`t${i - 5}`] : [])],
    }));
    const swarmId = await engine.start({ topology: 'distributed', regions: ['local', 'eu', 'us'], objective: 'Outlive regions', tasks, maxAgents: 6, review: false });
    const ended = engine.end(swarmId);
    const events = async () => {
      const seen = [];
      for await (const event of engine.swarms.events(swarmId, { follow: false })) seen.push(event);
      return seen;
    };
    const count = async (type: string, region: string): Promise<number> => (await events()).filter((event) => event.type === type && event.data['region'] === region).length;
    const until = (what: () => Promise<boolean>): Promise<unknown> => vi.waitUntil(what, { timeout: 90_000, interval: 100 });
    await until(async () => provider.answered() >= 8 && (await count('region.started', 'eu')) === 1 && (await count('region.started', 'us')) === 1);
    // Cut off: it lives, but nothing reaches it and nothing it does reaches anybody.
    const cutOff = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    us.child.kill('SIGSTOP');
    const killed: Kill = { from: Date.now(), to: Date.now() };
    await eu.kill();
    await until(async () => (await count('region.lost', 'us')) === 1 && (await count('region.lost', 'eu')) === 1);
    us.child.kill('SIGCONT');
    await until(async () => (await count('region.started', 'us')) === 2);
    cutOff.to = Date.now();

    const view = await ended;
    expect([view.status, view.tasks.filter(({ status }) => status === 'succeeded').length]).toEqual(['completed', tasks.length]);
    const log = await events();
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1));
    const settled = log.filter(({ type }) => type === 'task.succeeded').map(({ taskId }) => String(taskId));
    expect(settled.sort()).toEqual(tasks.map(({ id }) => id).sort());
    // What each region had goes to others, and the one that came back is given work again.
    const placed = log.filter(({ type }) => type === 'task.placed');
    const back = log.find(({ type, seq, data }) => type === 'region.started' && data['region'] === 'us' && seq > (log.find((event) => event.type === 'region.lost')?.seq ?? 0));
    expect(placed.some(({ data }) => data['epoch'] === 2)).toBe(true);
    expect(placed.some(({ seq, data }) => data['region'] === 'us' && seq > (back?.seq ?? Number.POSITIVE_INFINITY))).toBe(true);
    expect(
      placed.filter(({ seq, data }) => data['region'] === 'eu' && seq > (log.find((event) => event.type === 'region.lost' && event.data['region'] === 'eu')?.seq ?? 0)),
    ).toEqual([]);
    // Only what was being answered for a worker that could not hear it is asked for again.
    const ages = [...provider.calls.values()].map((call) => [call.key, Math.max(-1, ...agesOfRepeats(call, [killed, cutOff]))] as const);
    expect(ages.filter(([, age]) => age > SETTLE_MS)).toEqual([]);
    await vi.waitUntil(
      async () => {
        for await (const { status } of server.client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) if (status.name === 'RUNNING') return false;
        return true;
      },
      { timeout: 20_000, interval: 200 },
    );
    const repeated = ages.filter(([, age]) => age >= 0).length;
    console.log(
      `regions: ${provider.calls.size} calls, ${repeated} asked again, ${placed.filter(({ data }) => Number(data['epoch']) > 1).length} tasks placed anew, ${view.durationMs} ms`,
    );
  } finally {
    us.child.kill('SIGCONT');
    await Promise.all(
      workers.map(async ({ child, exited }) => {
        child.kill('SIGTERM');
        await exited;
      }),
    );
    await provider.close();
    engine.close();
  }
});
