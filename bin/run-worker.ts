import type { Say } from '../cli/deps.js';
import { createLogger, secretsOf } from '../config/logger.js';
import { packageRoot } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { openStorage } from '../storage/index.js';
import { installRuntimeLog } from '../workers/runtime-log.js';
import { startWorker } from '../workers/worker.js';
import { runningTarget } from './local.js';
import { providersOf } from './providers.js';

/** A worker in this process, of one region or of none, until SIGTERM or Ctrl-C has drained it. */
export const runWorker = async (settings: Settings, region: string | null, say: Say): Promise<void> => {
  installRuntimeLog(createLogger({ level: settings.logLevel, name: 'worker', secrets: secretsOf(settings) }));
  const storage = openStorage({ home: settings.home, root: packageRoot });
  try {
    const { done } = await startWorker({
      target: (await runningTarget(settings)) ?? null,
      providers: await providersOf(settings, say),
      storage,
      region,
      root: packageRoot,
      onReady: (queues) => say(`Worker polls ${queues.join(', ')}.`),
      onOrphans: (released) => (released > 0 ? say(`Released ${released} calls of workers that died.`) : undefined),
    });
    await done;
  } finally {
    storage.close();
  }
};
