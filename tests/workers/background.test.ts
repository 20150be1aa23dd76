import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { isAlive } from '../../config/process-identity.js';
import { readState, type BackgroundState } from '../../workers/state-file.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';

const homes: string[] = [];
const newHome = (): string => {
  const home = tempFolder();
  homes.push(home);
  return home;
};
const envOf = (home: string): Record<string, string> => ({ CF_HOME: home, CF_TEMPORAL_BIN: process.env['CF_TEST_TEMPORAL_BIN'] ?? '', CF_MODEL: 'sim/echo' });
const run = (home: string, args: readonly string[] = ['run', 'Do it', '--json']) => startProcess([CF, ...args], envOf(home));
const stop = (home: string) =>
  spawnSync(process.execPath, [CF, 'dev', 'stop', '--json'], { env: { PATH: process.env['PATH'] ?? '', HOME: home, ...envOf(home) }, cwd: home, encoding: 'utf8' });
const documentOf = (text: string): { swarmId: string; status: string } =>
  JSON.parse(text.split('\n').find((line) => line.startsWith('{')) ?? '{}') as { swarmId: string; status: string };
const pids = (state: BackgroundState): number[] => [state.supervisor, state.server, state.worker].flatMap((process) => (process ? [process.pid] : []));
afterEach(() => {
  for (const home of homes.splice(0)) stop(home);
});

test('five cf run at the same moment on an empty CF_HOME start one server and one worker, and all succeed; dev stop ends exactly those', { timeout: 120_000 }, async () => {
  const home = newHome();
  const runs = Array.from({ length: 5 }, () => run(home));
  expect(await Promise.all(runs.map(({ exited }) => exited))).toEqual([0, 0, 0, 0, 0]);
  expect(new Set(runs.map(({ output }) => documentOf(output()).swarmId)).size).toBe(5);
  expect(runs.map(({ output }) => documentOf(output()).status)).toEqual(Array.from({ length: 5 }, () => 'completed'));
  const state = readState(home);
  expect(pids(state)).toHaveLength(3);
  const processes = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout.split('\n');
  expect(processes.filter((line) => line.includes('start-dev') && line.includes(home))).toHaveLength(1);
  expect((JSON.parse(stop(home).stdout) as { stopped: string[] }).stopped).toHaveLength(3);
  expect([state.supervisor, state.server, state.worker].map((process) => process && isAlive(process))).toEqual([false, false, false]);
});

test('a server, a worker and a supervisor that are killed are replaced, and earlier swarms are still there', { timeout: 120_000 }, async () => {
  const home = newHome();
  const first = run(home);
  expect(await first.exited).toBe(0);
  const before = readState(home);
  for (const name of ['worker', 'server'] as const) {
    process.kill(before[name]?.pid ?? 0, 'SIGKILL');
    await vi.waitUntil(
      () => {
        const now = readState(home)[name];
        return now !== null && now.pid !== before[name]?.pid;
      },
      { timeout: 30_000, interval: 50 },
    );
  }
  const second = run(home);
  expect(await second.exited).toBe(0);
  const kept = readState(home);
  process.kill(kept.supervisor?.pid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => readState(home).supervisor === null, 10_000);
  const third = run(home);
  expect(await third.exited).toBe(0);
  expect(readState(home).supervisor?.pid).not.toBe(kept.supervisor?.pid);
  expect(readState(home).server?.pid).toBe(kept.server?.pid);
  const listed = run(home, ['ps', '--json']);
  await listed.exited;
  const { swarms } = JSON.parse(listed.output()) as { swarms: { swarmId: string }[] };
  expect(swarms.map(({ swarmId }) => swarmId).sort()).toEqual([first, second, third].map(({ output }) => documentOf(output()).swarmId).sort());
});

test('a stale state file and a stranger on the old port do no harm; two CF_HOMEs never meet', { timeout: 120_000 }, async () => {
  const [home, other] = [newHome(), newHome()];
  const first = run(home);
  expect(await first.exited).toBe(0);
  const { server } = readState(home);
  stop(home);
  const stranger = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => stranger.listen(server?.port, '127.0.0.1', resolve));
  // The state of a machine that lost power: its pids belong to others now.
  writeFileSync(join(home, 'run', 'dev.json'), JSON.stringify({ supervisor: { pid: process.pid, processStart: 'long ago' }, server: { ...server, pid: 1 }, worker: null }));
  const [again, elsewhere] = [run(home), run(other)];
  expect(await Promise.all([again.exited, elsewhere.exited])).toEqual([0, 0]);
  expect(readState(home).server?.port).not.toBe(server?.port);
  const ports = [readState(home), readState(other)].flatMap((state) => [state.server?.port, state.server?.uiPort]);
  expect(new Set(ports).size).toBe(4);
  stranger.close();
});

test('cf dev runs server, worker and API in the foreground until SIGTERM', { timeout: 60_000 }, async () => {
  const home = newHome();
  const dev = startProcess([CF, 'dev'], { ...envOf(home), CF_API_PORT: '0' });
  const urlOf = (): string | undefined =>
    /http:\/\/127\.0\.0\.1:\d+(?=\S*)/.exec(
      dev
        .output()
        .split('\n')
        .find((line) => /API/i.test(line)) ?? '',
    )?.[0];
  await vi.waitUntil(urlOf, 40_000);
  await vi.waitUntil(async () => (await fetch(`${urlOf()}/ready`)).status === 200, { timeout: 30_000, interval: 100 });
  const state = readState(home);
  dev.child.kill('SIGTERM');
  expect(await dev.exited).toBe(0);
  expect([state.supervisor, state.server, state.worker].map((process) => process !== null && isAlive(process))).toEqual([false, false, false]);
});
