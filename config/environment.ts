import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { SwarmError } from '../domain/errors.js';
import type { Environment } from './folders.js';

/** The `.env` file of a directory as a record, empty when there is none; nothing is written to `process.env`. Throws `invalid_input` when it can't be read. */
export const readDotEnv = (cwd: string): Environment => {
  const file = join(cwd, '.env');
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new SwarmError({
      code: 'invalid_input',
      message: `${file} can't be read.`,
      why: cause instanceof Error ? cause.message : String(cause),
      fix: 'Make it a readable text file of NAME=value lines, or remove it.',
      cause,
    });
  }
};

/** What a child process or a client library is given: the environment, with `.env` filling in what it leaves unset or empty. */
export const environmentOf = ({ cwd, env }: { cwd: string; env: Environment }): Record<string, string> =>
  Object.fromEntries(Object.entries({ ...set(readDotEnv(cwd)), ...set(env) }));

const set = (env: Environment): Record<string, string> => Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
