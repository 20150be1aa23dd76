import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTRACTS } from '../../domain/contracts.js';
import { openEngine, type Engine } from '../helpers/engine.js';
import { answerOf, FAULTS, startHttpProvider, type Fault, type HttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/** promises.md R9: 30 % of all requests fail in one of eleven ways; every run ends and only whole answers are ever stored. */
const RATE = 0.3;
const SECRET = 'sk-secret-of-this-test';
const random = seeded('fault mix');
/** Ends a call for good, so it is drawn rarely: enough to see a run end failed with its cause. */
const RARE = new Set<Fault>(['payment-402', 'huge']);
/** A function of the seed and the call, not of the order of arrival. */
const drawn = (key: string, nth: number): Fault | null => {
  const name = `${key.slice(key.indexOf('/'))}#${nth}`;
  const place = random.of(`fault ${name}`);
  if (place >= RATE) return null;
  const fault = FAULTS[Math.floor((place / RATE) * FAULTS.length)] ?? null;
  return fault !== null && RARE.has(fault) && random.of(`rare ${name}`) > 0.25 ? 'error-500' : fault;
};

let server: TestServer;
let engine: Engine;
let provider: HttpProvider;
let worker: Process;
beforeAll(async () => {
  server = await startTestServer();
  const home = tempFolder();
  engine = openEngine(server, { model: 'compat/x', home });
  provider = await startHttpProvider({ latencyMs: (key, nth) => 5 + Math.floor(20 * random.of(`latency ${key.slice(key.indexOf('/'))}#${nth}`)), fault: drawn });
  worker = startProcess([CF, 'worker'], { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url, CF_COMPAT_API_KEY: SECRET });
});
afterAll(async () => {
  worker.child.kill('SIGTERM');
  await worker.exited;
  await provider.close();
  engine.close();
  await server.stop();
});

test('1,000 calls with 30 % faults: every run ends, nothing corrupt is stored, no fault that is final is tried again', { timeout: 600_000 }, async () => {
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, s) =>
      engine.start({
        objective: `Mix ${s}`,
        maxAgents: 24,
        tasks: Array.from({ length: 42 }, (_, i) => ({ id: `s${s}-t${i}`, title: `Do ${i}`, role: 'researcher', timeout: '5s' })),
      }),
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
  // Each kind of fault has happened.
  const happened = new Set(calls.flatMap(({ faults }) => faults));
  expect(FAULTS.filter((fault) => !happened.has(fault))).toEqual([]);
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
  for (const { key, at } of calls) for (const [i, time] of at.entries()) if (i > 0 && drawn(key, i) === 'rate-limit') expect(time - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(195);
  // The key of the provider is in its header and nowhere else.
  expect(calls.every(({ headers, body }) => headers.authorization === `Bearer ${SECRET}` && !body.includes(SECRET))).toBe(true);
  expect(JSON.stringify(views)).not.toContain(SECRET);
});
