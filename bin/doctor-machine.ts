import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path';
import type { Check } from '../cli/deps.js';
import { git } from '../storage/git.js';

const OLDEST_NODE = [20, 19] as const;

/** Node is new enough. */
export const nodeCheck = (version: string): Check => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fine = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return { name: 'node', state: fine ? 'ok' : 'failed', found: `Node ${version}.`, fix: fine ? '' : `Install Node ${OLDEST_NODE.join('.')} or newer.` };
};

/** Earlier versions can corrupt a WAL database with two connections (promises.md section 4). */
const OLDEST_SQLITE = [3, 51, 3] as const;

const atLeast = (version: string, oldest: readonly number[]): boolean => {
  const parts = version.split('.').map(Number);
  const different = oldest.findIndex((part, i) => part !== (parts[i] ?? 0));
  return different < 0 || (parts[different] ?? 0) > (oldest[different] ?? 0);
};

/** The modules with machine code load, and do what they are there for. */
export const nativeChecks = async (): Promise<readonly Check[]> => [
  await native('better-sqlite3', async () => {
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(':memory:');
    const { version } = database.prepare('select sqlite_version() as version').get() as { version: string };
    database.close();
    if (!atLeast(version, OLDEST_SQLITE)) throw new Error(`it bundles SQLite ${version}, at least ${OLDEST_SQLITE.join('.')} is needed`);
    return `SQLite ${version}.`;
  }),
  await native('temporal core', async () => {
    await import('@temporalio/worker');
    return `Loads on ${process.platform} ${process.arch}.`;
  }),
];

const native = async (name: string, load: () => Promise<string>): Promise<Check> => {
  try {
    return { name, state: 'ok', found: await load(), fix: '' };
  } catch (error) {
    return {
      name,
      state: 'failed',
      found: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      fix: 'Install again with the Node that runs cf: npm rebuild (a glibc system is needed).',
    };
  }
};

/** Agents of a swarm with a workspace write on a branch; without one nothing needs git. */
export const gitCheck = async (version: () => Promise<string> = () => git({ args: ['--version'] })): Promise<Check> => {
  try {
    return { name: 'git', state: 'ok', found: `${(await version()).trim()}.`, fix: '' };
  } catch (error) {
    return { name: 'git', state: 'warning', found: error instanceof Error ? error.message : String(error), fix: 'Install git 2.20 or newer to use --workspace.' };
  }
};

/** Which `cf` a terminal finds: other tools have that name too. */
export const pathCheck = (path: string, ownRoot: string): Check => {
  const found = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, 'cf'))
    .filter(isExecutable);
  const own = (file: string): boolean => realpathSync(file).startsWith(realpathSync(ownRoot) + sep);
  const [first] = found;
  if (first === undefined) return { name: 'cf on PATH', state: 'ok', found: 'None: use npx cf here, or npm link for a global one.', fix: '' };
  return own(first)
    ? { name: 'cf on PATH', state: 'ok', found: `${first} is this one.`, fix: '' }
    : {
        name: 'cf on PATH',
        state: 'warning',
        found: `${first} is another tool or another installation.`,
        fix: 'Use `npx cf` here, or the second name of this tool: durable-swarm.',
      };
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const MB = 1024 * 1024;

/** What is needed at most: server 130 MB, runtime and weights of the embedded model 200 MB, history. */
export const diskState = (freeBytes: number): Check['state'] => (freeBytes < 200 * MB ? 'failed' : freeBytes < 1024 * MB ? 'warning' : 'ok');

/** Room for the state of this `CF_HOME`, and the right to write it. */
export const diskCheck = async (home: string): Promise<Check> => {
  const folder = nearest(home);
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const state = diskState(bavail * bsize);
    return {
      name: 'disk',
      state,
      found: `${Math.floor((bavail * bsize) / MB)} MB free for ${home}.`,
      fix: state === 'ok' ? '' : 'Free some space, or set CF_HOME to a larger disk.',
    };
  } catch (error) {
    return {
      name: 'disk',
      state: 'failed',
      found: `${home} can't be written: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'Set CF_HOME to a folder that you may write.',
    };
  }
};

const nearest = (folder: string): string => (existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder)));
