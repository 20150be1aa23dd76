import { join } from 'node:path';
import { packageRoot } from '../config/package-root.js';
import { providerEnv, providerFingerprints } from '../config/provider-env.js';
import type { Settings } from '../config/settings.js';
import type { TemporalTarget } from '../temporal/connection.js';
import type { BackgroundDeps } from '../workers/background.js';
import type { Command } from '../workers/supervisor.js';

const script = (name: string): string => join(packageRoot, 'dist', 'bin', name);

export const SUPERVISOR: Command = { file: process.execPath, args: [script('supervisor.js')] };
export const WORKER: Command = { file: process.execPath, args: [script('cf.js'), 'worker'] };

/** What the background of this `CF_HOME` is started with. */
export const backgroundOf = (settings: Settings, say: (line: string) => void): BackgroundDeps => ({
  home: settings.home,
  supervisor: SUPERVISOR,
  fingerprints: providerFingerprints(settings),
  env: { ...providerEnv(settings), CF_LOG_LEVEL: settings.logLevel, ...(settings.temporalBin === null ? {} : { CF_TEMPORAL_BIN: settings.temporalBin }) },
  say,
});

/** The Temporal server to use without starting anything: the configured one (null), the one this `CF_HOME` runs, or undefined when it runs none. */
export const runningTarget = async ({ remoteTemporal, home }: Settings): Promise<TemporalTarget | null | undefined> => {
  if (remoteTemporal) return null;
  const { targetOf } = await import('../workers/background.js');
  const { readState } = await import('../workers/state-file.js');
  return targetOf(readState(home)) ?? undefined;
};
