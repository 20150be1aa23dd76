import { spawn } from 'node:child_process';
import { SwarmError } from '../domain/errors.js';

export interface GitRequest {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a machine's own settings or a caller's environment could change what a command does. */
const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'cf',
  GIT_AUTHOR_EMAIL: 'cf@localhost',
  GIT_COMMITTER_NAME: 'cf',
  GIT_COMMITTER_EMAIL: 'cf@localhost',
});

/** Git has refused; `message` is what it said. */
export class GitRefusal extends Error {}

/** Runs git with an argument list, never a shell; resolves to its standard output, rejects with `GitRefusal` when it exits otherwise than with 0. */
export const git = ({ args, cwd, input, env = {} }: GitRequest): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('git', [...args], { cwd, env: { ...environment(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' && cwd === undefined ? noGit() : error));
    child.on('close', (code) =>
      code === 0
        ? resolve(Buffer.concat(out).toString('utf8'))
        : reject(new GitRefusal(`git ${args.find((arg) => !arg.startsWith('-')) ?? ''}: ${Buffer.concat(err).toString('utf8').trim()}`)),
    );
    // It may have gone before it has read everything: its exit says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });

/** What git prints, trimmed; null where it refuses. */
export const orNull = (asked: Promise<string>): Promise<string | null> =>
  asked.then(
    (text) => text.trim(),
    (error: unknown) => {
      if (error instanceof GitRefusal) return null;
      throw error;
    },
  );

const noGit = (): SwarmError =>
  new SwarmError({
    code: 'tool_failed',
    message: 'git is not installed.',
    why: 'A swarm with a --workspace writes on a branch of its own.',
    fix: 'Install git 2.20 or newer for the worker.',
  });
