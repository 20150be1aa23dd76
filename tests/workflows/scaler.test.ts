import { expect, test, vi } from 'vitest';
import { scalerId } from '../../domain/names.js';
import type { ScalingPolicy } from '../../domain/scaling.js';
import { ensureScaler, readWanted, stopScaler } from '../../temporal/scaling.js';
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
  expect(await readWanted(client, queue)).toMatchObject({ queue, waiting: 6, reason: expect.stringMatching(/^6 calls wait, the oldest for \d+ ms$/) });
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
