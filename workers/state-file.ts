import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive, type ProcessIdentity } from '../config/process-identity.js';

/** What runs for one `CF_HOME` in the background, as `run/dev.json` says. */
export interface BackgroundState {
  readonly supervisor: ProcessIdentity | null;
  readonly server: (ProcessIdentity & { readonly port: number; readonly uiPort: number; readonly version: string; readonly clusterId: string }) | null;
  /** `fingerprints`: hash of each provider setting it was started with, by name. */
  readonly worker: (ProcessIdentity & { readonly address: string; readonly fingerprints: Readonly<Record<string, string>> }) | null;
}

export const NOTHING_RUNS: BackgroundState = { supervisor: null, server: null, worker: null };

const fileOf = (home: string): string => join(home, 'run', 'dev.json');

/** The state as written; processes that have died since are null, whatever has their pid now. */
export const readState = (home: string): BackgroundState => {
  const state = parse(home);
  const alive = <T extends ProcessIdentity>(process: T | null | undefined): T | null => (process && isAlive(process) ? process : null);
  return { supervisor: alive(state.supervisor), server: alive(state.server), worker: alive(state.worker) };
};

/** The state as written, the dead included: a restarted server wants its old ports. */
export const readLastState = (home: string): BackgroundState => parse(home);

const parse = (home: string): BackgroundState => {
  try {
    return { ...NOTHING_RUNS, ...(JSON.parse(readFileSync(fileOf(home), 'utf8')) as Partial<BackgroundState>) };
  } catch {
    return NOTHING_RUNS;
  }
};

export const writeState = (home: string, state: BackgroundState): void => replaceFile(fileOf(home), JSON.stringify(state, null, 2));

/** Replaces a file at once, so that no reader sees half of it. */
export const replaceFile = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
};

export const removeState = (home: string): void => rmSync(fileOf(home), { force: true });
