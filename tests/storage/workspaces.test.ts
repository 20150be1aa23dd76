import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { pathProblem, type Workspace } from '../../domain/effects.js';
import { createWorkspaces } from '../../storage/workspaces.js';
import { git, repository as newRepository } from '../helpers/git.js';
import { tempFolder } from '../helpers/temp-folder.js';

const repository = (files: Readonly<Record<string, string>> = { 'a.txt': 'a\n' }): string => newRepository(files);
const by = (key: string) => ({ key, taskId: 't1', agentId: 'coder-1' });
const treeOf = ({ repository: dir, branch }: Workspace, at = branch): string => git(dir, `--git-dir=${dir}`, 'rev-parse', `${at}^{tree}`);
const files = (entries: Readonly<Record<string, string>>) => Object.entries(entries).map(([path, content]) => ({ path, content }));

test('a change is one commit on a branch of its own; the user branch, index and files stay', async () => {
  const folder = repository();
  const before = [git(folder, 'rev-parse', 'HEAD'), git(folder, 'status', '--porcelain')];
  const workspaces = createWorkspaces(tempFolder());
  const workspace = await workspaces.open('swarm-1', folder);
  expect(await workspaces.open('swarm-1', folder)).toEqual(workspace);
  const { commit } = await workspaces.write(workspace, by('k1'), files({ 'src/new.ts': 'export {};\n', 'a.txt': 'changed\n' }));
  expect([git(folder, 'rev-parse', 'HEAD'), git(folder, 'status', '--porcelain')]).toEqual(before);
  expect(git(folder, 'rev-parse', 'cf/swarm-1')).toBe(commit);
  expect([await workspaces.read(workspace, 'src/new.ts'), await workspaces.read(workspace, 'none')]).toEqual(['export {};\n', null]);
  expect((await workspaces.diff(workspace)).files).toEqual([
    { path: 'a.txt', added: 1, removed: 1 },
    { path: 'src/new.ts', added: 1, removed: 0 },
  ]);
  // The same key again: an attempt that died before it could say so.
  expect(await workspaces.write(workspace, by('k1'), files({ 'other.txt': 'never' }))).toEqual({ commit, files: ['src/new.ts', 'a.txt'] });
});

test('undone once, to the very tree it began with; it can not come back, and nothing comes after the seal', async () => {
  const folder = repository({ 'a.txt': 'a\n', 'bin/run.sh': '#!/bin/sh\n' });
  git(folder, 'update-index', '--chmod=+x', 'bin/run.sh');
  git(folder, 'commit', '-q', '-m', 'executable');
  const workspaces = createWorkspaces(tempFolder());
  const workspace = await workspaces.open('swarm-2', folder);
  const base = treeOf(workspace);
  await workspaces.write(workspace, by('k1'), files({ 'bin/run.sh': 'exit 1\n', 'deep/er/new': 'x' }));
  expect(git(folder, 'ls-tree', 'cf/swarm-2', 'bin/run.sh')).toMatch(/^100755/);
  expect([await workspaces.undo(workspace, 'k1'), await workspaces.undo(workspace, 'k1')]).toEqual([true, true]);
  expect(treeOf(workspace)).toBe(base);
  expect(git(folder, 'log', '--format=%s', `${workspace.base}..cf/swarm-2`).split('\n')).toEqual(['undo k1', 't1: 2 files by coder-1']);
  await expect(workspaces.write(workspace, by('k1'), files({ x: '' }))).rejects.toMatchObject({ code: 'conflict' });
  // In doubt: undone before it happened, it never does.
  expect(await workspaces.undo(workspace, 'k2')).toBe(false);
  await expect(workspaces.write(workspace, by('k2'), files({ x: '' }))).rejects.toMatchObject({ code: 'conflict' });
  await workspaces.write(workspace, by('k3'), files({ x: '3' }));
  await workspaces.write(workspace, by('k4'), files({ y: '4' }));
  expect([await workspaces.seal(workspace), await workspaces.seal(workspace)]).toEqual([
    ['k4', 'k3'],
    ['k4', 'k3'],
  ]);
  await expect(workspaces.write(workspace, by('k5'), files({ z: '' }))).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('rolled back') as string });
});

test('any order of changes and undoings ends with what the changes that stand wrote last (60 runs against a model)', async () => {
  const folder = repository({ p0: 'first' });
  const workspaces = createWorkspaces(tempFolder());
  const step = fc.oneof(
    fc.record({ write: fc.integer({ min: 0, max: 5 }), paths: fc.uniqueArray(fc.constantFrom('p0', 'p1', 'd/p2'), { minLength: 1 }), text: fc.constantFrom('same', 'x', 'y') }),
    fc.record({ undo: fc.integer({ min: 0, max: 5 }) }),
  );
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      nth += 1;
      const workspace = await workspaces.open(`swarm-model-${nth}`, folder);
      const written: { key: string; paths: readonly string[]; text: string }[] = [];
      const undone = new Set<string>();
      for (const one of steps) {
        if ('undo' in one) {
          const key = `k${one.undo}`;
          expect(await workspaces.undo(workspace, key)).toBe(written.some((other) => other.key === key));
          undone.add(key);
          continue;
        }
        const key = `k${one.write}`;
        const attempt = workspaces.write(workspace, by(key), files(Object.fromEntries(one.paths.map((path) => [path, one.text]))));
        if (undone.has(key)) await expect(attempt).rejects.toMatchObject({ code: 'conflict' });
        else {
          await attempt;
          if (!written.some((other) => other.key === key)) written.push({ key, paths: one.paths, text: one.text });
        }
      }
      for (const path of ['p0', 'p1', 'd/p2']) {
        const last = written.findLast(({ key, paths }) => !undone.has(key) && paths.includes(path));
        expect(await workspaces.read(workspace, path)).toBe(last?.text ?? (path === 'p0' ? 'first' : null));
      }
      for (const { key } of written) await workspaces.undo(workspace, key);
      expect(treeOf(workspace)).toBe(treeOf(workspace, workspace.base));
    }),
    { numRuns: 60 },
  );
}, 120_000);

describe('paths', () => {
  const bad = [
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    './a',
    'a//b',
    'a/',
    'C:/x',
    'a\\b',
    'a\nb',
    '.git/config',
    'sub/.GIT/hooks/x',
    '.git /x',
    'git~1/x',
    '.g\u200cit/x',
    'x\u0000',
    '\ud800',
    'x'.repeat(600),
  ];
  test.each(bad)('%j is refused', (path) => expect(pathProblem(path)).not.toBeNull());
  test.each(['a', 'src/deep/er.ts', '.gitignore', '.github/ci.yml', 'ä ö "quoted".txt', 'a..b', '-n', ':(top)x'])('%j is written as it stands', async (path) => {
    const workspaces = createWorkspaces(tempFolder());
    const workspace = await workspaces.open('swarm-path', repository());
    await workspaces.write(workspace, by('k'), files({ [path]: 'content' }));
    expect(await workspaces.read(workspace, path)).toBe('content');
  });
  test('neither through a link, nor over a folder, nor a file as a folder; nothing of such an answer is written', async () => {
    const folder = tempFolder();
    git(folder, 'init', '-q');
    symlinkSync('/tmp', join(folder, 'link'));
    mkdirSync(join(folder, 'dir'));
    writeFileSync(join(folder, 'dir', 'file'), 'x');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-q', '-m', 'first');
    const workspaces = createWorkspaces(tempFolder());
    const workspace = await workspaces.open('swarm-links', folder);
    for (const path of ['link', 'link/x', 'dir', 'dir/file/x', '../x'])
      await expect(workspaces.write(workspace, by(`k-${path}`), files({ fine: 'yes', [path]: 'no' }))).rejects.toMatchObject({ code: 'provider_rejected' });
    await expect(workspaces.write(workspace, by('k'), files({ n: '', 'n/m': '' }))).rejects.toMatchObject({ code: 'provider_rejected' });
    expect(treeOf(workspace)).toBe(treeOf(workspace, workspace.base));
  });
});

test('a folder below the top of its repository, one without a commit, and one without a repository', async () => {
  const workspaces = createWorkspaces(tempFolder());
  const top = repository({ 'sub/a.txt': 'a\n', 'b.txt': 'b\n' });
  const below = await workspaces.open('swarm-below', join(top, 'sub'));
  await workspaces.write(below, by('k'), files({ 'a.txt': 'new\n' }));
  expect([git(top, 'diff', '--name-only', 'main', 'cf/swarm-below'), (await workspaces.diff(below)).files.map(({ path }) => path)]).toEqual(['sub/a.txt', ['a.txt']]);
  await workspaces.apply(below);
  expect(readFileSync(join(top, 'sub', 'a.txt'), 'utf8')).toBe('new\n');

  const unborn = tempFolder();
  git(unborn, 'init', '-q');
  const plain = tempFolder();
  for (const folder of [unborn, plain]) {
    writeFileSync(join(folder, 'a.txt'), 'a\n');
    writeFileSync(join(folder, '.gitignore'), 'ignored\n');
    writeFileSync(join(folder, 'ignored'), 'x');
    const workspace = await workspaces.open(folder === plain ? 'swarm-plain' : 'swarm-unborn', folder);
    expect([await workspaces.read(workspace, 'a.txt'), await workspaces.read(workspace, 'ignored')]).toEqual(['a\n', null]);
    await workspaces.write(workspace, by('k'), files({ 'a.txt': 'new\n', 'deep/b.txt': 'b\n' }));
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('a\n');
    expect(await workspaces.apply(workspace)).toHaveLength(2);
    expect([readFileSync(join(folder, 'a.txt'), 'utf8'), readFileSync(join(folder, 'deep', 'b.txt'), 'utf8')]).toEqual(['new\n', 'b\n']);
  }
});

test('apply writes all or nothing, and a second time changes nothing', async () => {
  const folder = repository({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const workspaces = createWorkspaces(tempFolder());
  const workspace = await workspaces.open('swarm-apply', folder);
  await workspaces.write(workspace, by('k'), files({ 'a.txt': 'A\n', 'b.txt': 'B\n' }));
  await workspaces.apply(workspace);
  expect([await workspaces.apply(workspace), readFileSync(join(folder, 'b.txt'), 'utf8')]).toMatchObject([[{ path: 'a.txt' }, { path: 'b.txt' }], 'B\n']);
  writeFileSync(join(folder, 'a.txt'), 'a\n');
  writeFileSync(join(folder, 'b.txt'), 'mine\n');
  await expect(workspaces.apply(workspace)).rejects.toMatchObject({ code: 'conflict' });
  expect([readFileSync(join(folder, 'a.txt'), 'utf8'), readFileSync(join(folder, 'b.txt'), 'utf8')]).toEqual(['a\n', 'mine\n']);
});

test('a repository that is gone is said so', async () => {
  const folder = repository();
  const workspaces = createWorkspaces(tempFolder());
  const workspace = await workspaces.open('swarm-gone', folder);
  rmSync(join(folder, '.git'), { recursive: true });
  await expect(workspaces.undo(workspace, 'k')).rejects.toMatchObject({ code: 'not_found' });
});

test('a branch that can not be written now is said so, to be tried again', async () => {
  const folder = repository();
  const workspaces = createWorkspaces(tempFolder());
  const workspace = await workspaces.open('swarm-locked', folder);
  const lock = join(folder, '.git', 'refs', 'heads', 'cf', 'swarm-locked.lock');
  writeFileSync(lock, '');
  await expect(workspaces.write(workspace, by('k'), files({ x: '' }))).rejects.toMatchObject({ code: 'unreachable', why: expect.stringContaining('lock') as string });
  rmSync(lock);
  expect(await workspaces.write(workspace, by('k'), files({ x: '' }))).toMatchObject({ files: ['x'] });
});

test('many at once, also of several processes: each change stands once, none is lost', async () => {
  const folder = repository();
  const workspace = await createWorkspaces(tempFolder()).open('swarm-many', folder);
  const several = [0, 1, 2].map(() => createWorkspaces(tempFolder()));
  await Promise.all(
    several.flatMap((workspaces, i) =>
      Array.from({ length: 8 }, async (_, j) => {
        for (let tries = 0; ; tries += 1)
          try {
            return await workspaces.write(workspace, by(`k${i}-${j}`), files({ [`f${i}-${j}`]: 'x' }));
          } catch (error) {
            // As Temporal does.
            if (tries === 20) throw error;
          }
      }),
    ),
  );
  expect(git(folder, 'log', '--format=%(trailers:key=Cf-Key,valueonly)', 'main..cf/swarm-many').split('\n').filter(Boolean)).toHaveLength(24);
  expect(git(folder, 'ls-tree', '--name-only', 'cf/swarm-many').split('\n')).toHaveLength(25);
});

test('kill -9 in the middle of changes: every change is whole or not there, and the branch goes on', async () => {
  const folder = repository();
  const home = mkdtempSync(join(tempFolder(), 'home-'));
  const workspaces = createWorkspaces(home);
  const workspace = await workspaces.open('swarm-killed', folder);
  const script = `
    const { createWorkspaces } = await import(${JSON.stringify(new URL('../../dist/storage/workspaces.js', import.meta.url).href)});
    const workspaces = createWorkspaces(${JSON.stringify(home)});
    const workspace = ${JSON.stringify(workspace)};
    for (let i = 0; ; i += 1) {
      await workspaces.write(workspace, { key: process.pid + '-' + i, taskId: 't', agentId: 'a' }, ['x', 'y'].map((name) => ({ path: name + process.pid + '-' + i, content: 'x'.repeat(50_000) })));
      console.log(i);
    }`;
  let acknowledged = 0;
  for (let nth = 0; nth < 5; nth += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        acknowledged += chunk.toString().split('\n').filter(Boolean).length;
        if (child.exitCode === null && acknowledged >= 3 * (nth + 1)) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
  }
  const names = git(folder, 'ls-tree', '--name-only', 'cf/swarm-killed').split('\n').slice(1);
  const [xs, ys] = ['x', 'y'].map((letter) => names.filter((name) => name.startsWith(letter)).map((name) => name.slice(1)));
  expect(xs).toEqual(ys);
  expect(xs?.length).toBeGreaterThanOrEqual(acknowledged);
  await workspaces.write(workspace, by('after'), files({ z: '' }));
  git(folder, 'fsck', '--strict');
});
