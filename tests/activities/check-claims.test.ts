import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClaimActivities } from '../../activities/check-claims.js';
import { packageRoot } from '../../config/package-root.js';
import type { Claim } from '../../domain/contracts.js';
import { openStorage } from '../../storage/index.js';
import { tempFolder } from '../helpers/temp-folder.js';

const setUp = async () => {
  const storage = openStorage({ home: tempFolder(), root: packageRoot });
  const { hash } = await storage.blobs.put('Merge sort  reads\neach “run” once.');
  const workspace = tempFolder();
  mkdirSync(join(workspace, 'src'));
  writeFileSync(join(workspace, 'src', 'sort.ts'), 'export const sort = merge;');
  const secret = join(tempFolder(), 'secret.txt');
  writeFileSync(secret, 'the secret');
  symlinkSync(secret, join(workspace, 'link.txt'));
  const { checkClaims } = createClaimActivities(storage);
  const check = (claim: Claim, where: string | null = workspace) => checkClaims({ claims: [claim], outputs: { t1: hash }, workspace: where });
  return { check, secret };
};

test('what stands there is not refuted, whatever its case, quotes and white space', async () => {
  const { check } = await setUp();
  expect(await check({ kind: 'output', source: 't1', quote: 'merge sort reads each run once' })).toEqual([]);
  expect(await check({ kind: 'file', source: 'src/sort.ts', quote: 'const sort = merge' })).toEqual([]);
});
test('what does not stand there, and what nobody can look up, is refuted with the reason', async () => {
  const { check } = await setUp();
  expect(await check({ kind: 'output', source: 't1', quote: 'quick sort' })).toEqual(['"quick sort" does not stand in output t1.']);
  expect(await check({ kind: 'output', source: 't9', quote: 'x' })).toEqual(['There is no output of a task "t9".']);
  expect(await check({ kind: 'file', source: 'src/none.ts', quote: 'x' })).toEqual(['The file "src/none.ts" can\'t be read in the workspace.']);
  expect(await check({ kind: 'command', source: 'npm test', quote: 'passed' })).toEqual(['No result of the command "npm test" is known: agents run none.']);
});
test('a file outside the workspace is not read, by whatever path or link, and none without a workspace', async () => {
  const { check, secret } = await setUp();
  for (const source of [secret, `../${secret.split('/').slice(-2).join('/')}`, 'link.txt', 'src', '.'])
    expect(await check({ kind: 'file', source, quote: 'the secret' })).toEqual([`The file "${source}" can't be read in the workspace.`]);
  expect(await check({ kind: 'file', source: 'src/sort.ts', quote: 'merge' }, null)).toHaveLength(1);
});

test('a file is looked up where the swarm wrote it, before the folder', async () => {
  const storage = openStorage({ home: tempFolder(), root: packageRoot });
  const folder = tempFolder();
  writeFileSync(join(folder, 'a.txt'), 'what was there');
  const branch = await storage.workspaces.open('swarm-claims', folder);
  await storage.workspaces.write(branch, { key: 'k', taskId: 't1', agentId: 'coder-1' }, [{ path: 'a.txt', content: 'what the agent wrote' }]);
  const { checkClaims } = createClaimActivities(storage);
  const check = (quote: string) => checkClaims({ claims: [{ kind: 'file', source: 'a.txt', quote }], outputs: {}, workspace: folder, branch });
  expect([await check('the agent wrote'), await check('what was there')]).toEqual([[], ['"what was there" does not stand in file a.txt.']]);
});
