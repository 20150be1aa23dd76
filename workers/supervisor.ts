import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, ownIdentity, processStart, type ProcessIdentity } from '../config/process-identity.js';
import { acquireLock } from '../storage/lock.js';
import type { ServerBinary } from '../temporal/server/attempts.js';
import { startDevServer } from '../temporal/server/dev-server.js';
import { clusterIdAt, freePort } from '../temporal/server/identity.js';
import { NOTHING_RUNS, readLastState, readState, removeState, writeState, type BackgroundState } from './state-file.js';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export interface SupervisorDeps {
  readonly home: string;
  readonly obtain: () => Promise<ServerBinary>;
  readonly worker: Command;
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
  /** A worker died: the calls it was making can be released. */
  readonly onWorkerDeath?: (address: string) => Promise<unknown>;
  /** Everything runs for the first time. */
  readonly onReady?: (state: BackgroundState) => Promise<void>;
  /** `stop` ends all; `handOver` leaves the server to the next supervisor. */
  readonly signal: { readonly wanted: () => 'run' | 'stop' | 'handOver'; readonly changed: () => Promise<void> };
}

const WATCH_MS = 250;
const DRAIN_MS = 10_000;
/** A process that dies sooner than this after its start is restarted with growing pauses. */
const YOUNG_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;

export const lockFile = (home: string): string => join(home, 'run', 'supervisor.lock');

/** Keeps one server and one worker running for a `CF_HOME` until told to stop; false when another supervisor does so already. */
export const supervise = async (deps: SupervisorDeps): Promise<boolean> => {
  const lock = acquireLock(lockFile(deps.home));
  if (!lock) return false;
  let state: BackgroundState = { ...readState(deps.home), supervisor: ownIdentity() };
  const save = (change: Partial<BackgroundState>): void => {
    state = { ...state, ...change };
    writeState(deps.home, state);
  };
  const workerPause = backoff();
  const serverPause = backoff();
  try {
    const lastServer = readLastState(deps.home).server;
    writeState(deps.home, { ...state, server: state.server ?? lastServer });
    state = { ...state, server: (await isOurs(state.server)) ? state.server : null };
    let announced = false;
    while (deps.signal.wanted() === 'run') {
      if (!state.server || !isAlive(state.server)) {
        await serverPause.wait(deps);
        if (deps.signal.wanted() !== 'run') break;
        const server = await startServer(deps, state.server ?? lastServer).catch((error: unknown) => {
          // A first start that fails is for the caller to hear; later ones are tried again, with growing pauses.
          if (!announced) throw error;
          deps.say(`Temporal server: not started: ${error instanceof Error ? error.message : String(error)}; trying again`);
          return null;
        });
        if (!server) continue;
        save({ server });
      }
      const address = `127.0.0.1:${state.server?.port}`;
      if (state.worker && isAlive(state.worker) && (state.worker.address !== address || !covers(state.worker.fingerprints, deps.fingerprints))) {
        deps.say('worker: replaced, its settings have changed');
        await end(state.worker, DRAIN_MS);
      }
      if (!state.worker || !isAlive(state.worker)) {
        if (state.worker) await deps.onWorkerDeath?.(address).catch((error: unknown) => deps.say(`worker: its calls were not released: ${String(error)}`));
        await workerPause.wait(deps);
        if (deps.signal.wanted() !== 'run') break;
        save({ worker: { ...launch(deps.home, 'worker', deps.worker, { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' }), address, fingerprints: deps.fingerprints } });
        deps.say('worker: started');
      }
      if (!announced) await deps.onReady?.(state);
      announced = true;
      await Promise.race([delay(WATCH_MS), deps.signal.changed()]);
    }
    if (state.worker) await end(state.worker, DRAIN_MS);
    if (deps.signal.wanted() === 'handOver') writeState(deps.home, { ...NOTHING_RUNS, server: state.server });
    else {
      if (state.server) await end(state.server, DRAIN_MS);
      removeState(deps.home);
    }
    return true;
  } finally {
    lock.release();
  }
};

/** True when every setting the caller has is the worker's too. */
export const covers = (worker: Readonly<Record<string, string>>, caller: Readonly<Record<string, string>>): boolean =>
  Object.entries(caller).every(([name, hash]) => worker[name] === hash);

/** The server that the state names, when it is still that one: a stranger on its port is none of ours. */
export const isOurs = async (server: BackgroundState['server']): Promise<boolean> => server !== null && isAlive(server) && (await clusterIdAt(server.port)) === server.clusterId;

const startServer = async ({ home, obtain, say }: SupervisorDeps, last: BackgroundState['server']): Promise<BackgroundState['server']> => {
  const binary = await obtain();
  const port = await freePort(last?.port);
  const uiPort = await freePort(last?.uiPort);
  const child = await startDevServer({ binary, dbFile: join(home, 'temporal.db'), logFile: join(home, 'logs', 'temporal.log'), port, uiPort });
  say(`Temporal server ${binary.version} (${binary.from}): 127.0.0.1:${port}, Web UI http://127.0.0.1:${uiPort}`);
  return { ...identityOf(child), port, uiPort, version: binary.version, clusterId: (await clusterIdAt(port)) ?? '' };
};

const identityOf = ({ pid = 0 }: ChildProcess): ProcessIdentity => ({ pid, processStart: processStart(pid) ?? '' });

/** Starts a detached process with a log file of its own, so that it outlives the terminal and us. */
export const launch = (home: string, name: string, { file, args }: Command, env: Readonly<Record<string, string>>): ProcessIdentity => {
  const log = join(home, 'logs', `${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'a');
  const child = spawn(file, [...args], { detached: true, stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  closeSync(out);
  child.unref();
  return identityOf(child);
};

/** SIGTERM, then SIGKILL when it has not gone in `graceMs`; only that very process. */
export const end = async (target: ProcessIdentity, graceMs: number): Promise<boolean> => {
  if (!isAlive(target)) return false;
  send(target, 'SIGTERM');
  const until = Date.now() + graceMs;
  while (isAlive(target) && Date.now() < until) await delay(25);
  if (isAlive(target)) send(target, 'SIGKILL');
  while (isAlive(target)) await delay(10);
  return true;
};

const send = ({ pid }: ProcessIdentity, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
};

const backoff = () => {
  let quick = 0;
  let lastStart = 0;
  return {
    /** No pause for a first start or after a long life; else doubling from 250 ms. */
    wait: async ({ signal }: SupervisorDeps): Promise<void> => {
      quick = Date.now() - lastStart < YOUNG_MS ? quick + 1 : 0;
      if (quick > 1) await Promise.race([delay(Math.min(LONGEST_PAUSE_MS, 125 * 2 ** quick)), signal.changed()]);
      lastStart = Date.now();
    },
  };
};
