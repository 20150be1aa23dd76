import { expect, test, vi } from 'vitest';
import { scalerId, SWARMS_QUEUE } from '../../domain/names.js';
import { openScaling, type ScalingPolicy } from '../../domain/scaling.js';
import { ensureScaler, readWanted, stopScaler } from '../../temporal/scaling.js';
import { scalingPolicySignal } from '../../workflows/messages.js';
import { scaler, type ScalerCarry } from '../../workflows/scaler.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** The scaler of a queue, on a real server: its count follows what waits there, and outlives its worker. */
const suite = engineSuite(() => undefined);
const policy: ScalingPolicy = { min: 1, max: 6, perWorker: 2, patienceMs: 500, quietMs: 3_000 };

test('calls that wait raise the wanted count, a worker that serves them lowers it again, and other limits are taken at once', { timeout: 90_000 }, async () => {
  const { client } = suite.server();
  const queue = 'cf.models.compat';
  const wanted = async (): Promise<number | undefined> => (await readWanted(client, queue))?.wanted;
  expect(await readWanted(client, queue)).toBeNull();
  await ensureScaler(client, queue, policy);
  await vi.waitUntil(async () => (await wanted()) === 1, 20_000);
  // Nobody serves that provider yet: the planners' calls wait.
  const swarmIds = await Promise.all(Array.from({ length: 6 }, () => suite.engine().start({ model: 'compat/x', review: false })));
  await vi.waitUntil(async () => ((await wanted()) ?? 0) > 2, { timeout: 40_000, interval: 200 });
  expect(await readWanted(client, queue)).toMatchObject({ queue, waiting: 6, reason: expect.stringMatching(/^6 calls wait, the oldest for \d+ ms/) });
  // Its count is in its history: another worker goes on with it.
  await suite.restartWorker();
  expect(await wanted()).toBeGreaterThan(2);
  const worker = await suite.engine().work({ ...suite.model().provider, name: 'compat' });
  for (const swarmId of swarmIds) expect((await suite.engine().end(swarmId)).status).toBe('completed');
  await vi.waitUntil(async () => (await wanted()) === 1, { timeout: 40_000, interval: 200 });
  await ensureScaler(client, queue, { ...policy, min: 3 });
  await vi.waitUntil(async () => (await wanted()) === 3, 20_000);
  worker.stop();
  await worker.done;
  await stopScaler(client, queue);
  await vi.waitUntil(async () => (await client.workflow.getHandle(scalerId(queue)).describe()).status.name === 'CANCELLED', 20_000);
  await stopScaler(client, 'cf.models.unknown');
});

test('what is no policy is refused and changes nothing', async () => {
  const { client } = suite.server();
  const queue = 'cf.models.refused';
  await ensureScaler(client, queue, { ...policy, min: 2 });
  for (const wrong of [null, {}, { ...policy, perWorker: 0 }]) await client.workflow.getHandle(scalerId(queue)).signal(scalingPolicySignal, wrong as ScalingPolicy);
  await vi.waitUntil(async () => (await readWanted(client, queue))?.at, 20_000);
  expect(await readWanted(client, queue)).toMatchObject({ wanted: 2, waiting: 0 });
  await expect(ensureScaler(client, queue, { ...policy, perWorker: 0 })).rejects.toMatchObject({ code: 'invalid_input' });
  await stopScaler(client, queue);
});

test('a queue that cannot be read stops nobody: the limits still hold, and it ends when it is told to', async () => {
  const { client } = suite.server();
  const queue = '/_sys/reserved';
  await ensureScaler(client, queue, policy);
  await vi.waitUntil(async () => (await readWanted(client, queue))?.wanted === 1, 20_000);
  await ensureScaler(client, queue, { ...policy, min: 3 });
  await vi.waitUntil(async () => (await readWanted(client, queue))?.wanted === 3, 20_000);
  expect(await readWanted(client, queue)).toMatchObject({ at: null, reason: 'nothing has waited yet' });
  await stopScaler(client, queue);
  await vi.waitUntil(async () => (await client.workflow.getHandle(scalerId(queue)).describe()).status.name === 'CANCELLED', 20_000);
});

test('continues as new with all it knows', { timeout: 60_000 }, async () => {
  const { client } = suite.server();
  const queue = 'cf.models.carried';
  const carried: ScalerCarry = {
    state: { ...openScaling(policy), wanted: 4, caution: 16, cautionAt: Date.now(), upAt: 1, quietSince: Date.now() },
    sample: { waiting: 3, oldestMs: 200, at: 1_000 },
  };
  const first = await client.workflow.start(scaler, { workflowId: scalerId(queue), taskQueue: SWARMS_QUEUE, args: [queue, policy, carried, 10] });
  expect(await readWanted(client, queue)).toMatchObject({ wanted: 4 });
  const latest = client.workflow.getHandle(scalerId(queue));
  await vi.waitUntil(async () => (await latest.describe()).runId !== first.firstExecutionRunId, { timeout: 40_000, interval: 100 });
  // No worker was taken away too early, which the caution forbids, and the first answer of the new run knows the last look of the old one.
  expect(await readWanted(client, queue)).toMatchObject({ wanted: 4, waiting: 0, reason: expect.stringMatching(/one less after 48000 ms$/), at: expect.stringMatching(/^20/) });
  await stopScaler(client, queue);
});
