import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { SwarmError } from '../domain/errors.js';
import { type ConfigFile, configFile } from './schema.js';

/** A configuration file that was found and checked. */
export interface FoundConfig {
  readonly path: string;
  readonly folder: string;
  readonly config: ConfigFile;
}

const CONFIG_NAME = /^cf\.config\.(ts|mts|js|mjs|json|yaml|yml)$/;

/** The `cf.config.*` of a folder, or null; unknown keys, wrong types and two files side by side are `invalid_input`. Writes nothing. */
export const readConfigFile = async (folder: string): Promise<FoundConfig | null> => {
  const [name, second] = namesIn(folder);
  if (name === undefined) return null;
  const path = join(folder, name);
  if (second !== undefined) throw bad(`${folder} holds two configuration files.`, `${name} and ${second} would contradict each other.`, 'Keep one of them.');
  const raw = onlyComments(path, name) ? {} : await load(folder, name, path);
  const checked = configFile.safeParse(raw);
  if (!checked.success) throw invalidFile(path, checked.error);
  return { path, folder, config: checked.data };
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter((name) => CONFIG_NAME.test(name));
  } catch {
    return [];
  }
};

/** c12 can't read a YAML document without content. */
const onlyComments = (path: string, name: string): boolean =>
  /\.ya?ml$/.test(name) &&
  readFileSync(path, 'utf8')
    .split('\n')
    .every((line) => /^\s*(#|---\s*$|$)/.test(line));

const load = async (folder: string, name: string, path: string): Promise<unknown> => {
  const { loadConfig } = await import('c12');
  try {
    const loaded = await loadConfig({
      cwd: folder,
      configFile: name,
      rcFile: false,
      globalRc: false,
      packageJson: false,
      dotenv: false,
      envName: false,
      extend: false,
      giget: false,
      jitiOptions: { fsCache: false },
    });
    return loaded.config;
  } catch (cause) {
    throw bad(`${path} can't be read.`, cause instanceof Error ? cause.message : String(cause), 'Mend the file; docs/configuration.md lists every key.', cause);
  }
};

const invalidFile = (path: string, error: z.ZodError): SwarmError => {
  const [issue] = error.issues;
  const key = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? [issue.keys[0] ?? ''] : [])].join('.');
  const unknown = issue?.code === 'unrecognized_keys';
  const secret = /key|token|secret/i.test(key);
  return bad(
    `${path}: ${unknown ? 'unknown key' : 'wrong value for'} "${key}".`,
    issue?.message ?? '',
    unknown && secret ? 'Keys belong in the environment or in .env, not in this file.' : 'Mend or remove it; docs/configuration.md lists every key.',
  );
};

const bad = (message: string, why: string, fix: string, cause?: unknown): SwarmError => new SwarmError({ code: 'invalid_input', message, why, fix, cause });
