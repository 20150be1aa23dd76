import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.js';

/** How long a person waits: `cf --help`, a worker that polls, the first result of a `sim/` swarm. Usage: npm run bench:startup. */
const CF = join(packageRoot, 'dist', 'bin', 'cf.js');
const home = mkdtempSync(join(tmpdir(), 'cf-bench-'));
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  CF_HOME: home,
  CF_MODEL: 'sim/echo',
  ...(process.env['CF_TEMPORAL_BIN'] ? { CF_TEMPORAL_BIN: process.env['CF_TEMPORAL_BIN'] } : {}),
};
const cf = (...args: string[]): number => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [CF, ...args], { env, cwd: home, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
};
const node = (): number => {
  const start = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - start;
};
const medianOf = (count: number, measure: () => number): number => Array.from({ length: count }, measure).sort((a, b) => a - b)[Math.floor(count / 2)] ?? 0;
const row = (what: string, ms: number): void => console.log(`| ${what} | ${ms.toFixed(0)} ms |`);

console.log('| what | median |\n|---|---|');
row('node -e 0 (baseline)', medianOf(15, node));
row(
  'cf --help',
  medianOf(15, () => cf('--help')),
);
cf('run', 'warm up', '--json');
row(
  'cf run on sim/echo, server and worker running, to its result',
  medianOf(7, () => cf('run', 'again', '--json')),
);
const status = JSON.parse(spawnSync(process.execPath, [CF, 'dev', 'status', '--json'], { env, cwd: home, encoding: 'utf8' }).stdout) as {
  processes: { name: string; address: string }[];
};
const address = status.processes.find(({ name }) => name === 'worker')?.address ?? '';
const ready: number[] = [];
for (let i = 0; i < 5; i += 1) {
  const start = performance.now();
  const worker = spawn(process.execPath, [CF, 'worker'], { env: { ...env, TEMPORAL_ADDRESS: address }, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) => worker.stderr.on('data', (chunk: Buffer) => (chunk.toString().includes('Worker polls') ? resolve() : undefined)));
  ready.push(performance.now() - start);
  worker.kill('SIGTERM');
  await new Promise((resolve) => worker.once('exit', resolve));
}
row('cf worker, to polling', ready.sort((a, b) => a - b)[2] ?? 0);
cf('dev', 'stop');
rmSync(home, { recursive: true, force: true });
