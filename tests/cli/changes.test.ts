import { describe, expect, test } from 'vitest';
import { startCommand } from '../../temporal/commands.js';
import { SwarmError } from '../../domain/errors.js';
import type { Branches } from '../../cli/deps.js';
import { cli } from '../helpers/cli.js';
import { createFakeSwarms } from '../helpers/fake-swarms.js';

const workspace = { folder: '/p', repository: '/p/.git', root: '/p', prefix: '', branch: 'cf/swarm-fake1', base: 'b'.repeat(40) };
const files = [{ path: 'src/a.ts', added: 3, removed: 1 }];
const branches: Branches = { diff: async () => ({ head: 'h'.repeat(40), patch: 'diff --git a/src/a.ts b/src/a.ts\n', files }), apply: async () => files };

/** One swarm with a branch and one change, still running unless `ended`. */
const withBranch = async (ended: boolean) => {
  const swarms = createFakeSwarms({ autoplay: false });
  const { swarmId } = await swarms.start(startCommand.parse({ objective: 'x' }));
  swarms.emit(swarmId, { type: 'workspace.opened', data: workspace });
  swarms.emit(swarmId, { type: 'effect.begun', taskId: 't1', data: { effect: 'k' } });
  swarms.emit(swarmId, { type: 'effect.done', taskId: 't1', data: { effect: 'k', commit: 'c', files: ['src/a.ts'] } });
  if (ended) swarms.finish(swarmId);
  return { swarms, swarmId };
};

describe('cf diff', () => {
  test('prints the patch as it is, the files with --stat, one document with --json', async () => {
    const { swarms, swarmId } = await withBranch(false);
    expect(await cli(['diff', swarmId], { swarms, branches })).toMatchObject({ code: 0, out: 'diff --git a/src/a.ts b/src/a.ts\n' });
    expect((await cli(['diff', swarmId, '--stat'], { swarms, branches })).out).toBe('src/a.ts  +3 -1\n');
    expect((await cli(['diff', swarmId, '--json'], { swarms, branches })).json()).toEqual({
      swarmId,
      status: 'running',
      branch: workspace.branch,
      base: workspace.base,
      head: 'h'.repeat(40),
      files,
    });
  });
  test('says so when there is nothing, and exits 7 for a swarm without a workspace', async () => {
    const { swarms, swarmId } = await withBranch(false);
    expect(await cli(['diff', swarmId], { swarms })).toMatchObject({ code: 0, out: '', err: 'Nothing has been changed on cf/swarm-fake1.\n' });
    const plain = createFakeSwarms();
    const { swarmId: without } = await plain.start(startCommand.parse({ objective: 'x' }));
    const refused = await cli(['diff', without], { swarms: plain });
    expect([refused.code, refused.err]).toEqual([7, expect.stringContaining('has no branch')]);
  });
});

describe('cf apply', () => {
  test('writes what an ended swarm changed, and refuses one that goes on', async () => {
    const running = await withBranch(false);
    expect((await cli(['apply', running.swarmId], { swarms: running.swarms, branches })).code).toBe(9);
    const { swarms, swarmId } = await withBranch(true);
    expect(await cli(['apply', swarmId], { swarms, branches })).toMatchObject({ code: 0, out: 'src/a.ts  +3 -1\n', err: 'Written into /p; nothing was committed.\n' });
    expect((await cli(['apply', swarmId, '--json'], { swarms, branches })).json()).toEqual({ swarmId, folder: '/p', files });
  });
  test('what does not fit exits 9', async () => {
    const { swarms, swarmId } = await withBranch(true);
    const refusing: Branches = { ...branches, apply: () => Promise.reject(new SwarmError({ code: 'conflict', message: 'It does not fit.' })) };
    expect((await cli(['apply', swarmId], { swarms, branches: refusing })).code).toBe(9);
  });
});

test('cf show says what became of the changes', async () => {
  const { swarms, swarmId } = await withBranch(false);
  expect((await cli(['show', swarmId], { swarms })).out).toContain(`branch     cf/swarm-fake1: 1 change (cf diff ${swarmId})`);
  swarms.emit(swarmId, { type: 'effect.undone', taskId: 't1', data: { effect: 'k', happened: true } });
  expect((await cli(['show', swarmId], { swarms })).out).toContain('branch     cf/swarm-fake1: 0 changes, 1 undone');
});
