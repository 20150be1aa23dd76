import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { COORDINATORS, TOPOLOGIES } from '../../domain/names.js';
import type { SwarmView } from '../../domain/view.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';
import { git, repository } from '../helpers/git.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** Row C6: whatever becomes of a swarm, git itself says what its agents left behind: every change undone once, newest first, down to the tree it began with. */
const patch = (path: string, content: string) => ({ summary: `wrote ${path}`, files: [{ path, content, why: 'asked' }] });
const suite = engineSuite(({ call, contract, prompt }) => {
  const step = /^(s\d+)\/(answer|review)/.exec(call)?.[1];
  const bad = /step (s\d+) fails/.exec(prompt)?.[1];
  if (call.startsWith('outside/answer')) return patch(call.includes('.try2') ? 'outside.txt' : '../outside.txt', 'x');
  if (contract === 'review' && step !== undefined && step === bad) return { verdict: 'revise', findings: [{ severity: 'major', reason: 'wrong', fix: 'mend it' }] };
  // Every step writes a file of its own, and all of them the same one.
  if (contract === 'patch' && step !== undefined) return { summary: 'step', files: [patch(`${step}.txt`, step).files[0], patch('shared.txt', `by ${step}\n`).files[0]] };
  if (contract === 'patch') return patch(`${call.split('/')[0]}.txt`, call);
  return undefined;
});

const project = (): string => repository({ 'shared.txt': 'first\n' });
/** What git says of the swarm's branch: is its tree the one it began with, and every commit, oldest first, as `kind task`. */
const branchOf = (folder: string, { swarmId }: Pick<SwarmView, 'swarmId'>) => {
  const log = git(folder, 'log', '--reverse', '--format=%(trailers:key=Cf-Kind,valueonly,separator=)|%(trailers:key=Cf-Key,valueonly,separator=)', `main..cf/${swarmId}`);
  return {
    isBack: git(folder, 'rev-parse', `cf/${swarmId}^{tree}`) === git(folder, 'rev-parse', 'main^{tree}'),
    commits: log.split('\n').map((line) => `${line.split('|')[0]} ${line.split('/')[1] ?? ''}`.trim()),
  };
};
const steps = (n: number, more: object = {}) =>
  Array.from({ length: n }, (_, i) => ({ id: `s${i + 1}`, title: `Do s${i + 1}`, role: 'coder', ...(i > 0 ? { dependsOn: [`s${i}`] } : {}), ...more }));

test('a swarm that completes leaves each change as one commit of its task, and nothing in the folder', async () => {
  const folder = project();
  const view = await suite.engine().run({ workspace: folder, review: false, tasks: steps(3) });
  expect([view.status, view.effects.map(({ taskId, status }) => `${taskId} ${status}`)]).toEqual(['completed', ['s1 done', 's2 done', 's3 done']]);
  expect(branchOf(folder, view)).toEqual({ isBack: false, commits: ['effect s1', 'effect s2', 'effect s3', 'seal'] });
  expect([git(folder, 'show', `cf/${view.swarmId}:shared.txt`), git(folder, 'status', '--porcelain'), git(folder, 'branch', '--show-current')]).toEqual(['by s3', '', 'main']);
  await suite.expectWhole(view);
});

test('without a workspace nothing is written, and nothing is said to be', async () => {
  const view = await suite.engine().run({ review: false, tasks: steps(1) });
  expect([view.status, view.workspace, view.effects]).toEqual(['completed', null, []]);
});

test.each([1, 2, 3, 4, 5, 6])('step %i of 6 fails: those before it are undone, newest first, once each', async (k) => {
  const folder = project();
  const view = await suite.engine().run({ workspace: folder, strict: true, objective: `In which step s${k} fails.`, tasks: steps(6) });
  const before = Array.from({ length: k - 1 }, (_, i) => `s${i + 1}`);
  expect([view.status, view.failure?.message]).toEqual([k === 1 ? 'failed' : 'compensated', expect.stringContaining('1 of 6 tasks failed')]);
  expect(branchOf(folder, view)).toEqual({ isBack: true, commits: [...before.map((id) => `effect ${id}`), 'seal', ...[...before].reverse().map((id) => `undo ${id}`)] });
  await suite.expectWhole(view);
});

test('a path outside fails the try and leaves nothing of it; the next try is another answer', async () => {
  const folder = project();
  const view = await suite.engine().run({ workspace: folder, review: false, tasks: [{ id: 'outside', title: 'Do it', role: 'coder', retries: 1 }, ...steps(1)] });
  expect([view.status, view.tasks[0]?.attempts]).toEqual(['completed', 2]);
  expect(git(folder, 'ls-tree', '--name-only', `cf/${view.swarmId}`).split('\n')).toEqual(['outside.txt', 's1.txt', 'shared.txt']);
  const log = await suite.events(view.swarmId);
  expect(log.filter(({ type, taskId }) => taskId === 'outside' && /effect|retried/.test(type)).map(({ type }) => type)).toEqual([
    'effect.begun',
    'effect.undone',
    'task.retried',
    'effect.begun',
    'effect.done',
  ]);
  expect(log.find(({ type }) => type === 'task.retried')?.data['message']).toBe('The agent may not write "../outside.txt".');
});

describe.each(TOPOLOGIES)('%s', (topology) => {
  const wide = Array.from({ length: 8 }, (_, i) => ({ id: `w${i}`, title: `Do w${i}`, role: ['coder', 'researcher'][i % 2] ?? '', output: 'patch' as const }));
  const last = { id: 'last', title: 'Do last', role: 'coder', dependsOn: wide.map(({ id }) => id) };
  const start = (folder: string) => suite.engine().start({ topology, workspace: folder, review: false, maxAgents: 4, tasks: [...wide, last] });
  const whenDone = (swarmId: string) =>
    vi.waitUntil(async () => (await suite.engine().swarms.show(swarmId)).effects.filter(({ status }) => status === 'done').length === 8, 30_000);

  test('cancelled while its last task runs: all that was done is undone', async () => {
    const folder = project();
    const open = suite.model().hold(/\/last\/answer/);
    const swarmId = await start(folder);
    await suite.whenAsked(swarmId, 'last/answer/1');
    await suite.engine().swarms.cancel(swarmId);
    const view = await suite.engine().end(swarmId);
    open();
    const { isBack, commits } = branchOf(folder, view);
    const done = commits.slice(0, 8).map((commit) => commit.replace('effect ', ''));
    expect([view.status, isBack, commits.slice(8)]).toEqual(['compensated', true, ['seal', ...done.reverse().map((id) => `undo ${id}`)]]);
    expect(statusesOf(view)['last']).toBe('cancelled');
    await suite.expectWhole(view);
  });

  test(`its ${COORDINATORS[topology]} is terminated: the next one does nothing twice`, async () => {
    const folder = project();
    const open = suite.model().hold(/\/last\/answer/);
    const swarmId = await start(folder);
    await suite.whenAsked(swarmId, 'last/answer/1');
    await whenDone(swarmId);
    await suite.terminateCoordinator(swarmId, topology);
    open();
    const view = await suite.engine().end(swarmId);
    const { commits } = branchOf(folder, view);
    expect([view.status, [...commits].sort()]).toEqual(['completed', ['effect last', ...wide.map(({ id }) => `effect ${id}`), 'seal']]);
    await suite.expectWhole(view, ['last/answer/1']);
  });
});

test('worker killed between undoings, as a deployment does: each is undone once', async () => {
  const folder = project();
  const swarmId = await suite.engine().start({ workspace: folder, strict: true, objective: 'In which step s30 fails.', tasks: steps(30) });
  await vi.waitUntil(() => git(folder, 'log', '--all', '--format=%s').includes('undo '), { timeout: 60_000, interval: 20 });
  await suite.restartWorker();
  const view = await suite.engine().end(swarmId);
  const { isBack, commits } = branchOf(folder, view);
  expect([view.status, isBack, commits.filter((commit) => commit.startsWith('undo')).length, new Set(commits).size]).toEqual(['compensated', true, 29, commits.length]);
  await suite.expectWhole(view);
}, 120_000);

test('what can not be undone ends it loudly, with what is left', async () => {
  const folder = project();
  const open = suite.model().hold(/\/s3\/answer/);
  const swarmId = await suite.engine().start({ workspace: folder, review: false, tasks: steps(3) });
  await suite.whenAsked(swarmId, 's3/answer/1');
  renameSync(join(folder, '.git'), join(folder, 'moved'));
  await suite.engine().swarms.cancel(swarmId);
  const view = await suite.engine().end(swarmId);
  open();
  expect([view.status, view.failure?.code, view.failure?.message]).toEqual(['compensation_failed', 'tool_failed', '2 changes could not be undone.']);
  expect(view.failure?.why).toContain('s2 (s2.txt, shared.txt)');
  expect(view.effects.map(({ status }) => status)).toEqual(['stuck', 'stuck']);
});

test('what no task stands for is undone also where all goes well: a change of an owner that was lost before it could report it', async () => {
  const folder = project();
  const open = suite.model().hold(/\/s2\/answer/);
  const swarmId = await suite.engine().start({ workspace: folder, review: false, tasks: steps(2) });
  await suite.whenAsked(swarmId, 's2/answer/1');
  const { workspace } = await suite.engine().swarms.show(swarmId);
  if (!workspace) throw new Error('no branch');
  await suite.engine().storage.workspaces.write(workspace, { key: `${swarmId}/s1/effect.s1/1`, taskId: 's1', agentId: 'lost' }, [{ path: 'stray.txt', content: 'x' }]);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, branchOf(folder, view).commits]).toEqual(['completed', ['effect s1', 'effect s1', 'effect s2', 'seal', 'undo s1']]);
  expect(git(folder, 'ls-tree', '--name-only', `cf/${swarmId}`).split('\n')).toEqual(['s1.txt', 's2.txt', 'shared.txt']);
  await suite.expectWhole(view);
});

test('success is not said where the work is gone', async () => {
  const folder = project();
  const open = suite.model().hold(/\/swarm\/aggregate/);
  const swarmId = await suite.engine().start({ workspace: folder, review: false, tasks: steps(1) });
  await suite.whenAsked(swarmId, 'swarm/aggregate/1');
  git(folder, 'update-ref', '-d', `refs/heads/cf/${swarmId}`);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.failure?.code, view.failure?.message]).toEqual(['failed', 'not_found', `The branch cf/${swarmId} is gone.`]);
});

test('a folder that can not be opened ends the swarm before it pays for anything', async () => {
  const view = await suite.engine().run({ workspace: join(tempFolder(), 'none'), tasks: steps(1) });
  expect([view.status, view.failure?.code, view.usage.modelCalls]).toEqual(['failed', 'not_found', 0]);
});
