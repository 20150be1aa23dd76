import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diskCheck, diskState, nativeChecks, nodeCheck, pathCheck } from '../../bin/doctor-machine.js';
import { temporalChecks } from '../../bin/doctor-temporal.js';
import { tempFolder } from '../helpers/temp-folder.js';

const executable = (dir: string): string => {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'cf'), '#!/bin/sh\n');
  chmodSync(join(dir, 'cf'), 0o755);
  return dir;
};

test.each([
  ['20.18.9', 'failed'],
  ['18.20.0', 'failed'],
  ['20.19.0', 'ok'],
  ['22.1.0', 'ok'],
  ['100.0.0', 'ok'],
])('Node %s is %s', (version, state) => {
  expect(nodeCheck(version)).toMatchObject({ state, fix: state === 'ok' ? '' : expect.stringContaining('20.19') });
});

test('the native modules of this installation load', async () => {
  expect(await nativeChecks()).toEqual([
    { name: 'better-sqlite3', state: 'ok', found: expect.stringMatching(/^SQLite 3\.\d+/), fix: '' },
    { name: 'temporal core', state: 'ok', found: expect.stringContaining(process.arch), fix: '' },
  ]);
});

describe('cf on PATH', () => {
  const root = tempFolder();
  const own = executable(join(root, 'bin'));
  const other = executable(tempFolder());
  const path = (...folders: string[]): string => folders.join(delimiter);
  test('ours first is fine, another one first is a warning with the second name of the tool', () => {
    expect(pathCheck(path('/nowhere', own, other), root)).toMatchObject({ state: 'ok' });
    expect(pathCheck(path(other, own), root)).toMatchObject({ state: 'warning', found: expect.stringContaining(join(other, 'cf')), fix: expect.stringContaining('durable-swarm') });
  });
  test('none at all, and files that are not executable, are fine', () => {
    const plain = tempFolder();
    writeFileSync(join(plain, 'cf'), '');
    expect(pathCheck(path('', 'relative', plain), root)).toMatchObject({ state: 'ok', found: expect.stringContaining('npx cf') });
  });
});

describe('disk', () => {
  test('little room is a warning, none a failure', () => {
    expect([10, 199, 200, 1023, 1024].map((mb) => diskState(mb * 1024 * 1024))).toEqual(['failed', 'failed', 'warning', 'warning', 'ok']);
  });
  test('a CF_HOME that does not exist yet is judged by the folder it will be in', async () => {
    const home = join(tempFolder(), 'not', 'yet');
    expect(await diskCheck(home)).toMatchObject({ name: 'disk', found: expect.stringContaining(`MB free for ${home}`) });
  });
});

describe('temporal', () => {
  const queues = ['cf.swarms', 'cf.models.local'];
  test('nothing running locally is a warning, since cf run starts it', async () => {
    const checks = await temporalChecks({ target: undefined, queues });
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['temporal', 'warning'],
      ['queue cf.swarms', 'warning'],
      ['queue cf.models.local', 'warning'],
    ]);
    expect(checks.every(({ fix }) => fix.includes('cf run'))).toBe(true);
  });
  test('a server that does not answer is a failure with its address', async () => {
    const closed = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    const [check, ...rest] = await temporalChecks({ target: { address: `127.0.0.1:${closed}`, namespace: 'default', uiUrl: null }, queues });
    expect(check).toMatchObject({ state: 'failed', found: expect.stringContaining(`127.0.0.1:${closed}`), fix: expect.stringContaining('TEMPORAL_ADDRESS') });
    expect(rest).toEqual([]);
  }, 20_000);
});
