import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '../config/process-identity.js';
import { replaceFile } from './state-file.js';
import { end, launch, type Command } from './supervisor.js';

export interface ScaleDeps {
  readonly home: string;
  readonly worker: Command;
  /** Where the workers find their server. */
  readonly env: Readonly<Record<string, string>>;
  /** How many workers there should be, the supervisor's own among them; null = not known now, so nothing changes. */
  readonly wanted: () => Promise<number | null>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOOK_MS = 1_000;
/** Calls in flight get this long to end; after that they are done again elsewhere. */
const DRAIN_MS = 10_000;

const fileOf = (home: string): string => join(home, 'run', 'scaled.json');

/** Workers that were started by load for a `CF_HOME` and live, in the order of their start. */
export const scaledWorkers = (home: string): readonly ProcessIdentity[] => {
  try {
    return (JSON.parse(readFileSync(fileOf(home), 'utf8')) as ProcessIdentity[]).filter(isAlive);
  } catch {
    return [];
  }
};

/** Drains all of them; how many there were. */
export const endScaledWorkers = async (home: string): Promise<number> => {
  const workers = scaledWorkers(home);
  await Promise.all(workers.map((worker) => end(worker, DRAIN_MS)));
  rmSync(fileOf(home), { force: true });
  return workers.length;
};

/** Starts and drains worker processes beside the supervisor's own until it is told to stop, and drains them all then; takes over those that an earlier one left. */
export const scaleWorkers = async ({ home, worker, env, wanted, say, signal }: ScaleDeps): Promise<void> => {
  let workers = scaledWorkers(home);
  const keep = (now: readonly ProcessIdentity[]): void => {
    workers = now;
    replaceFile(fileOf(home), JSON.stringify(now));
  };
  while (!signal.aborted) {
    const count = await wanted();
    const alive = workers.filter(isAlive);
    if (alive.length < workers.length) keep(alive);
    if (count !== null) {
      const extra = Math.max(0, count - 1);
      while (workers.length < extra) {
        keep([...workers, launch(home, 'worker-scaled', worker, env)]);
        say(`worker ${workers.length + 1}: started by load`);
      }
      const [last] = workers.slice(-1);
      if (workers.length > extra && last) {
        say(`worker ${workers.length + 1}: drained, it is not needed`);
        await end(last, DRAIN_MS);
        keep(workers.slice(0, -1));
      }
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  await endScaledWorkers(home);
};
