import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { databaseFile } from '../../storage/database.js';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/**
 * promises.md R1: workers are killed at seeded points while swarms run. The provider is the outside ledger: it counts by `Idempotency-Key`.
 * A call is paid twice when it is requested again after a kill that came later than its answer was written down. Between the provider's last byte and
 * that write the call is in flight (P2): its repeats are counted apart and may not exceed the calls in flight at the kills.
 * Every fifth kill freezes the server first, waits until all answers are written down and none can be reported, and kills then: the window that only a ledger covers.
 */
const BROKEN = join(fileURLToPath(new URL('.', import.meta.url)), 'ledger-off-worker.mjs');

interface Storm {
  readonly completed: number;
  readonly swarms: number;
  readonly requests: number;
  readonly answeredKeys: number;
  readonly paidTwice: readonly string[];
  readonly repeats: number;
  readonly inFlightAtKills: number;
  readonly restartMs: readonly number[];
  readonly frozenKills: number;
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const storm = async ({ kills, swarms: count, tasks, broken = false }: { kills: number; swarms: number; tasks: number; broken?: boolean }): Promise<Storm> => {
  const random = seeded(broken ? 'storm without a ledger' : 'kill storm');
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  const provider = await startHttpProvider({ latencyMs: () => 40 + random.below(160) });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url };
  const startWorker = (): Process => startProcess(broken ? [BROKEN] : [CF, 'worker'], env);
  const writtenDown = (): ReadonlySet<string> => {
    const database = new Database(databaseFile(home), { readonly: true });
    const rows = database.prepare<[], { key: string }>('select key from answers').all();
    database.close();
    return new Set(rows.map(({ key }) => key));
  };

  let worker = startWorker();
  const graph = Array.from({ length: tasks }, (_, i) => ({
    id: `t${i + 1}`,
    title: `Do ${i + 1}`,
    role: 'researcher',
    ...(i % 3 === 2 ? { dependsOn: [`t${i}`, `t${i - 1}`] } : {}),
  }));
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await engine.start({ objective: `Storm ${i}`, tasks: graph, maxAgents: 6 }));

  const expected = count * (2 * tasks + 1);
  const paidTwice: string[] = [];
  const restartMs: number[] = [];
  let inFlightAtKills = 0;
  let frozenKills = 0;
  /** Requests of each key that was written down at the last kill. */
  let settled = new Map<string, number>();
  const audit = (): void => {
    for (const [key, requests] of settled) if ((provider.calls.get(key)?.requests ?? 0) > requests) paidTwice.push(key);
  };
  for (let kill = 0; kill < kills; kill += 1) {
    // The next kill comes after a seeded number of further answers, spread over what is left.
    const share = Math.max(1, Math.floor((expected - provider.answered()) / (kills - kill + 1)));
    const goal = Math.min(expected - 4, provider.answered() + 1 + random.below(share));
    await vi.waitUntil(() => provider.answered() >= goal, { timeout: 60_000, interval: 5 });
    if (kill % 5 === 0) {
      frozenKills += 1;
      await vi.waitUntil(() => provider.inFlight() > 0, { timeout: 30_000, interval: 1 });
      server.freeze();
      await vi.waitUntil(() => provider.inFlight() === 0, { timeout: 30_000, interval: 5 });
      await vi.waitUntil(() => [...provider.calls.values()].filter(({ answered }) => answered > 0).every(({ key }) => writtenDown().has(key)), { timeout: 30_000, interval: 20 });
    }
    inFlightAtKills += provider.inFlight();
    await worker.kill();
    server.thaw();
    const durable = writtenDown();
    audit();
    settled = new Map([...durable].map((key) => [key, provider.calls.get(key)?.requests ?? 0]));
    inFlightAtKills += [...provider.calls.values()].filter(({ key, answered }) => answered > 0 && !durable.has(key)).length;
    const restarted = Date.now();
    const next = provider.nextRequest();
    worker = startWorker();
    await next;
    restartMs.push(Date.now() - restarted);
  }
  const ends = await Promise.all(ids.map((id) => engine.end(id)));
  audit();
  const { exited } = worker;
  worker.child.kill('SIGTERM');
  await exited;
  await provider.close();
  engine.close();
  const calls = [...provider.calls.values()];
  return {
    swarms: count,
    completed: ends.filter(({ status, tasks: done }) => status === 'completed' && done.every((task) => task.status === 'succeeded')).length,
    requests: calls.reduce((sum, { requests }) => sum + requests, 0),
    answeredKeys: calls.filter(({ answered }) => answered > 0).length,
    paidTwice: [...new Set(paidTwice)],
    repeats: calls.reduce((sum, { answered }) => sum + Math.max(0, answered - 1), 0),
    inFlightAtKills,
    restartMs,
    frozenKills,
  };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test('25 kill -9 of workers over 400 calls: no run is lost, no answered call is requested again', { timeout: 600_000 }, async () => {
  const { paidTwice, restartMs, ...result } = await storm({ kills: 25, swarms: 4, tasks: 52 });
  console.log(`kill storm: ${JSON.stringify(result)}; worker restart to first new model call, median of ${restartMs.length}: ${median(restartMs)} ms`);
  expect(result.completed).toBe(result.swarms);
  expect(result.answeredKeys).toBe(4 * (2 * 52 + 1));
  expect(result.answeredKeys).toBeGreaterThanOrEqual(400);
  expect(paidTwice).toEqual([]);
  expect(result.repeats).toBeLessThanOrEqual(result.inFlightAtKills);
  expect(result.requests).toBeLessThanOrEqual(result.answeredKeys + result.inFlightAtKills);
});

test('a build whose ledger forgets is caught by the same storm', { timeout: 240_000 }, async () => {
  const { paidTwice } = await storm({ kills: 2, swarms: 1, tasks: 20, broken: true });
  expect(paidTwice.length).toBeGreaterThan(0);
});
