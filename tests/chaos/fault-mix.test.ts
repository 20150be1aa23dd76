import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTRACTS } from '../../domain/contracts.js';
import { createCompatProvider } from '../../providers/hosted.js';
import { openEngine, type Engine } from '../helpers/engine.js';
import { answerOf, FAULTS, startHttpProvider, type HttpProvider } from '../helpers/http-provider.js';
import { seeded } from '../helpers/seeded.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';
import type { RunningWorker } from '../../workers/worker.js';

/** promises.md R9: 30 % of all requests fail in one of nine ways; every run ends and only whole answers are ever stored. */
const RATE = 0.3;
const random = seeded('fault mix');
/** Ends a call for good, so it is drawn rarely: enough to see a run end failed with its cause. */
const RARE = new Set(['payment-402', 'huge']);
const drawn = new Map<string, (typeof FAULTS)[number] | null>();

let server: TestServer;
let engine: Engine;
let provider: HttpProvider;
let worker: RunningWorker;
beforeAll(async () => {
  server = await startTestServer();
  engine = openEngine(server, { model: 'compat/x' });
  provider = await startHttpProvider({
    latencyMs: () => 5 + random.below(20),
    fault: (key, nth) => {
      const fault = random.next() < RATE ? (FAULTS[random.below(FAULTS.length)] ?? null) : null;
      const kept = fault !== null && RARE.has(fault) && random.next() > 0.05 ? 'error-500' : fault;
      drawn.set(`${key}#${nth}`, kept);
      return kept;
    },
  });
  worker = await engine.work(createCompatProvider({ apiKey: 'sk-secret-of-this-test', baseUrl: provider.url, version: '0' }));
});
afterAll(async () => {
  worker.stop();
  await worker.done;
  await provider.close();
  engine.close();
  await server.stop();
});

test('1,000 calls with 30 % faults: every run ends, nothing corrupt is stored, no fault that is final is tried again', { timeout: 600_000 }, async () => {
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, s) =>
      engine.start({ objective: `Mix ${s}`, maxAgents: 24, tasks: Array.from({ length: 42 }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' })) }),
    ),
  );
  const views = await Promise.all(ids.map((id) => engine.end(id)));
  const calls = [...provider.calls.values()];
  const tasks = views.flatMap(({ swarmId, tasks: own }) => own.map((task) => ({ swarmId, ...task })));
  const succeeded = tasks.filter(({ status }) => status === 'succeeded');
  console.log(
    `fault mix: ${calls.length} calls, ${calls.reduce((sum, { requests }) => sum + requests, 0)} requests, ${calls.reduce((sum, { faults }) => sum + faults.length, 0)} faults, ${succeeded.length} of ${tasks.length} tasks succeeded`,
  );
  expect(views.every(({ status }) => status === 'completed' || status === 'failed')).toBe(true);
  expect(calls.length).toBeGreaterThanOrEqual(1_000);
  expect(succeeded.length).toBeGreaterThan(0.9 * tasks.length);

  // What is stored for a task is exactly what the provider sent whole for one of its keys.
  for (const { swarmId, id, outputHash } of succeeded) {
    const stored = await engine.storage.blobs.get(outputHash ?? '');
    const whole = ['answer/1', 'answer/2', 'answer-repair/1', 'answer-repair/2'].map((call) =>
      CONTRACTS.research.render(JSON.parse(answerOf('research', `${swarmId}/${id}/${call}`)) as never),
    );
    expect(whole).toContain(stored);
  }
  // A task fails only where a final fault, or a second broken answer, explains it.
  for (const { swarmId, id, status } of tasks.filter((task) => task.status === 'failed')) {
    const faults = calls.filter(({ key }) => key.startsWith(`${swarmId}/${id}/`)).flatMap((call) => call.faults);
    expect([status, faults.some((fault) => RARE.has(fault)) || faults.filter((fault) => fault === 'wrong-schema').length > 1 || faults.length >= 10]).toEqual(['failed', true]);
  }
  // A final refusal is the last request of its key.
  for (const { faults, answered } of calls) expect(faults.slice(0, answered > 0 ? undefined : -1).filter((fault) => RARE.has(fault))).toEqual([]);
  // Rate limits are waited for: 200 ms as told.
  for (const { key, at } of calls) for (const [i, time] of at.entries()) if (drawn.get(`${key}#${i}`) === 'rate-limit') expect(time - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(195);
  // The key of the provider is in its header and nowhere else.
  expect(calls.every(({ headers, body }) => headers.authorization === 'Bearer sk-secret-of-this-test' && !body.includes('sk-secret'))).toBe(true);
  expect(JSON.stringify(views)).not.toContain('sk-secret');
});
