import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { agesOfRepeats, type Kill } from '../helpers/paid-twice.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/**
 * promises.md R1: workers are killed at seeded points while swarms run. The provider, a process outside the product, is the only judge: it counts by `Idempotency-Key`.
 * An answer needs a moment from the provider's last byte to the worker's disk, and is in flight until then (P2). `SETTLE_MS` bounds that moment: an answer that was older at every kill
 * before its repeat has been paid twice. Every fifth kill freezes the server first, waits until the provider has been silent for `SETTLE_MS` and kills then, so that every answer is on disk
 * and none of them has reached history: the window that only a ledger covers.
 */
const SETTLE_MS = 1_000;
const BROKEN = join(fileURLToPath(new URL('.', import.meta.url)), 'broken-ledger-worker.mjs');

interface Storm {
  readonly completed: number;
  readonly swarms: number;
  readonly requests: number;
  readonly answeredKeys: number;
  /** Keys requested again although their answer was older than `SETTLE_MS` at every kill in between. */
  readonly paidTwice: readonly string[];
  /** Answers younger than that at a kill, and asked for again. */
  readonly repeatedYoung: number;
  readonly oldestRepeatedMs: number;
  readonly inFlightAtKills: number;
  readonly restartMs: readonly number[];
  readonly frozenKills: number;
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const storm = async ({ kills, swarms: count, tasks, broken }: { kills: number; swarms: number; tasks: number; broken?: 'off' | 'late' }): Promise<Storm> => {
  const random = seeded(broken ? `storm, ledger ${broken}` : 'kill storm');
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  // Swarm ids are new in every run; the rest of a key is not.
  const provider = await startHttpProvider({ latencyMs: (key, nth) => 40 + Math.floor(160 * random.of(`${key.slice(key.indexOf('/'))}#${nth}`)) });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url };
  const startWorker = (): Process => startProcess(broken ? [BROKEN] : [CF, 'worker'], { ...env, ...(broken ? { BROKEN: broken } : {}) });
  try {
    let worker = startWorker();
    const graph = Array.from({ length: tasks }, (_, i) => ({
      id: `t${i + 1}`,
      title: `Do ${i + 1}`,
      role: 'researcher',
      ...(i % 3 === 2 ? { dependsOn: [`t${i}`, `t${i - 1}`] } : {}),
    }));
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) ids.push(await engine.start({ objective: `Storm ${i}`, tasks: graph, maxAgents: 6 }));
    const ended = Promise.all(ids.map((id) => engine.end(id)));

    const expected = count * (2 * tasks + 1);
    const killed: Kill[] = [];
    const restartMs: number[] = [];
    let inFlightAtKills = 0;
    let frozenKills = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      // The next kill comes after a seeded number of further answers, spread over what is left.
      const share = Math.max(1, Math.floor((expected - provider.answered()) / (kills - kill + 1)));
      const goal = Math.min(expected - 4, provider.answered() + 1 + random.below(share));
      await vi.waitUntil(() => provider.answered() >= goal, { timeout: 60_000, interval: 5 });
      if (kill % 5 === 0) {
        frozenKills += 1;
        await vi.waitUntil(() => provider.inFlight() > 0, { timeout: 30_000, interval: 1 });
        server.freeze();
        await vi.waitUntil(() => provider.inFlight() === 0 && Date.now() - provider.lastAnswerAt() > SETTLE_MS, { timeout: 30_000, interval: 5 });
      }
      inFlightAtKills += provider.inFlight();
      const from = Date.now();
      await worker.kill();
      await vi.waitUntil(() => provider.inFlight() === 0, { timeout: 10_000, interval: 1 });
      killed.push({ from, to: Date.now() });
      server.thaw();
      const restarted = Date.now();
      const next = provider.nextNewCall();
      worker = startWorker();
      if (await Promise.race([next.then(() => true), ended.then(() => false)])) restartMs.push(Date.now() - restarted);
    }
    const ends = await ended;
    const { exited } = worker;
    worker.child.kill('SIGTERM');
    await exited;
    const calls = [...provider.calls.values()];
    const ages = calls.map((call) => [call.key, Math.max(-1, ...agesOfRepeats(call, killed))] as const);
    return {
      swarms: count,
      completed: ends.filter(({ status, tasks: done }) => status === 'completed' && done.every((task) => task.status === 'succeeded')).length,
      requests: calls.reduce((sum, { requests }) => sum + requests, 0),
      answeredKeys: calls.filter(({ answered }) => answered > 0).length,
      paidTwice: ages.filter(([, age]) => age > SETTLE_MS).map(([key]) => key),
      repeatedYoung: ages.filter(([, age]) => age >= 0 && age <= SETTLE_MS).length,
      oldestRepeatedMs: Math.max(0, ...ages.map(([, age]) => age)),
      inFlightAtKills,
      restartMs,
      frozenKills,
    };
  } finally {
    server.thaw();
    await provider.close();
    engine.close();
  }
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test('25 kill -9 of workers over 400 calls: no run is lost, no answered call is requested again', { timeout: 600_000 }, async () => {
  const { paidTwice, restartMs, ...result } = await storm({ kills: 25, swarms: 4, tasks: 52 });
  console.log(`kill storm: ${JSON.stringify(result)}; worker restart to first new model call, median of ${restartMs.length}: ${median(restartMs)} ms`);
  expect(result.completed).toBe(result.swarms);
  expect(result.answeredKeys).toBe(4 * (2 * 52 + 1));
  expect(result.answeredKeys).toBeGreaterThanOrEqual(400);
  expect(paidTwice).toEqual([]);
  expect(result.requests).toBeLessThanOrEqual(result.answeredKeys + result.inFlightAtKills + result.repeatedYoung);
});

test.each(['off', 'late'] as const)('the same storm catches a build whose ledger is %s', { timeout: 240_000 }, async (broken) => {
  const { paidTwice } = await storm({ kills: 2, swarms: 1, tasks: 20, broken });
  expect(paidTwice.length).toBeGreaterThan(0);
});
