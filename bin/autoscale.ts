import type { AutoscaleOptions, Say } from '../cli/deps.js';
import { providerEnv } from '../config/provider-env.js';
import type { Settings } from '../config/settings.js';
import { modelQueue } from '../domain/names.js';
import type { ScalingPolicy } from '../domain/scaling.js';
import { connectTemporal, type TemporalTarget } from '../temporal/connection.js';
import { ensureScaler, readWanted, stopScaler } from '../temporal/scaling.js';
import { scaleWorkers } from '../workers/scale-workers.js';
import { MODEL_SLOTS } from '../workers/worker.js';
import { WORKER } from './local.js';
import { providersOf } from './providers.js';

/** The oldest call may wait this long before another worker is started. */
const PATIENCE_MS = 2_000;

/** Follows the scalers of all queues that this machine's workers serve, the busiest decides; ends with its scalers and its workers. */
export const autoscale = async (settings: Settings, { max, quietMs }: AutoscaleOptions, target: TemporalTarget, say: Say, signal: AbortSignal): Promise<void> => {
  const { client, close } = await connectTemporal(target);
  const served = [...(await providersOf(settings, say)).keys()];
  const policyOf = (perWorker: number): ScalingPolicy => ({ min: 1, max, perWorker, patienceMs: PATIENCE_MS, quietMs });
  try {
    await Promise.all(served.map((provider) => ensureScaler(client, modelQueue(provider), policyOf(MODEL_SLOTS[provider]))));
    say(`Up to ${max} workers, by what waits on ${served.map(modelQueue).join(', ')}.`);
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener(
        'abort',
        () => resolve(Promise.all(served.map((provider) => stopScaler(client, modelQueue(provider)).catch(() => undefined))).then(() => undefined)),
        {
          once: true,
        },
      );
    });
    await scaleWorkers({
      home: settings.home,
      worker: WORKER,
      env: { ...providerEnv(settings), TEMPORAL_ADDRESS: target.address, TEMPORAL_NAMESPACE: target.namespace },
      wanted: async () => {
        const counts = await Promise.all(served.map((provider) => readWanted(client, modelQueue(provider)).catch(() => null)));
        return counts.every((count) => count === null) ? null : Math.max(...counts.map((count) => count?.wanted ?? 1));
      },
      say,
      signal,
    });
    await stopped;
  } finally {
    await close();
  }
};
