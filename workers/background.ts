import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SwarmError } from '../domain/errors.js';
import type { TemporalTarget } from '../temporal/connection.js';
import { tailOf } from '../temporal/server/dev-server.js';
import { isAlive, processStart } from '../config/process-identity.js';
import { endScaledWorkers } from './scale-workers.js';
import { readState, removeState, type BackgroundState } from './state-file.js';
import { covers, end, isOurs, type Command } from './supervisor.js';

export interface BackgroundDeps {
  readonly home: string;
  readonly supervisor: Command;
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

/** A first start may build the server with Go. */
const START_MS = 25 * 60_000;
const TRIES = 5;
const STOP_MS = 25_000;

export const targetOf = ({ server }: BackgroundState): TemporalTarget | null =>
  server && { address: `127.0.0.1:${server.port}`, namespace: 'default', uiUrl: `http://127.0.0.1:${server.uiPort}` };

const supervisorLog = (home: string): string => join(home, 'logs', 'supervisor.log');

/** The local server and worker of a `CF_HOME`, started if they are missing, once however many ask at the same moment; returns when the server answers. */
export const ensureBackground = async (deps: BackgroundDeps): Promise<TemporalTarget> => {
  const { home, say } = deps;
  const until = Date.now() + START_MS;
  const log = followLog(supervisorLog(home), say);
  let starting: ReturnType<typeof spawnSupervisor> | null = null;
  for (let tries = 0; Date.now() < until; ) {
    const state = readState(home);
    const target = targetOf(state);
    if (state.supervisor && target && state.worker && (await isOurs(state.server))) {
      if (covers(state.worker.fingerprints, deps.fingerprints)) {
        log();
        return target;
      }
      say('The worker in the background has other model settings: restarting it with the ones of this terminal.');
      process.kill(state.supervisor.pid, 'SIGUSR2');
      while (isAlive(state.supervisor)) await delay(50);
      continue;
    }
    if (!state.supervisor && (starting === null || starting.gone())) {
      if (tries === TRIES) break;
      tries += 1;
      starting = spawnSupervisor(deps);
    }
    await delay(50);
    log();
  }
  throw new SwarmError({
    code: 'unreachable',
    message: 'The local Temporal server and worker did not start.',
    why: await tailOf(supervisorLog(home), 12),
    fix: `See ${supervisorLog(home)}, and run: cf doctor`,
  });
};

const spawnSupervisor = ({ home, supervisor: { file, args }, env, say }: BackgroundDeps): { gone: () => boolean } => {
  mkdirSync(join(home, 'logs'), { recursive: true });
  const out = openSync(supervisorLog(home), 'a');
  const child = spawn(file, [...args], { detached: true, stdio: ['ignore', out, out], env: { ...process.env, ...env, CF_HOME: home }, cwd: home });
  closeSync(out);
  child.unref();
  say('Starting a Temporal server and a worker in the background (end them with: cf dev stop).');
  return { gone: () => child.exitCode !== null || child.signalCode !== null || processStart(child.pid ?? 0) === null };
};

/** Says each line that the supervisor writes from now on. */
const followLog = (file: string, say: (line: string) => void): (() => void) => {
  let seen = existsSync(file) ? statSync(file).size : 0;
  return () => {
    if (!existsSync(file) || statSync(file).size <= seen) return;
    const text = readFileSync(file).subarray(seen).toString('utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    seen += Buffer.byteLength(whole);
    for (const line of whole.split('\n').filter(Boolean)) say(line);
  };
};

/** Ends what this `CF_HOME` has in the background, and nothing else; the names of what was ended. */
export const stopBackground = async (home: string): Promise<readonly string[]> => {
  const before = readState(home);
  const ended: string[] = [];
  if (before.supervisor && (await end(before.supervisor, STOP_MS))) ended.push(`supervisor (pid ${before.supervisor.pid})`);
  // A supervisor ends its children; one that was killed has left them.
  for (const name of ['worker', 'server'] as const) {
    const process = before[name];
    if (!process) continue;
    await end(process, STOP_MS);
    ended.push(`${name} (pid ${process.pid})`);
  }
  const scaled = await endScaledWorkers(home);
  if (scaled > 0) ended.push(`${scaled} workers started by load`);
  removeState(home);
  return ended;
};
