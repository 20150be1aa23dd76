import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { packageRoot } from '../../config/package-root.js';

export interface Process {
  readonly child: ChildProcess;
  /** Everything it wrote so far, both streams. */
  output(): string;
  readonly exited: Promise<number | null>;
  /** SIGTERM, and waits until it has drained and gone. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it has gone. */
  kill(): Promise<void>;
}

export const CF = join(packageRoot, 'dist', 'bin', 'cf.js');

const started = new Set<ChildProcess>();
// A test that failed half-way must not leave its processes behind.
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** A Node process of its own with a clean environment; `env` is all it knows beside PATH and HOME. */
export const startProcess = (args: readonly string[], env: Readonly<Record<string, string>>, cwd = env['CF_HOME'] ?? '/'): Process => {
  const child = spawn(process.execPath, [...args], { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    output: () => output,
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};
