import { describe, expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { coordinatorId, TOPOLOGIES } from '../../domain/names.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';

/** Retries, policies, sub-tasks, added tasks and a raised budget, on a real server. */
const tried = new Map<string, number>();
const suite = engineSuite(({ key, call, contract }) => {
  if (call.startsWith('flaky/answer')) {
    const swarm = key.split('/')[0] ?? '';
    tried.set(swarm, (tried.get(swarm) ?? 0) + 1);
    return (tried.get(swarm) ?? 0) < 3 ? new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' }) : undefined;
  }
  if (call.startsWith('broken/answer')) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (call === 'split/answer/1' && contract === 'plan')
    return {
      tasks: [
        { id: 'a', title: 'Do split.a', role: 'researcher', dependsOn: [] },
        { id: 'b', title: 'Do split.b', role: 'researcher', dependsOn: ['a'] },
      ],
    };
  if (call === 'circle/answer/1') return { tasks: [{ id: 'a', title: 'x', role: 'researcher', dependsOn: ['a'] }] };
  return undefined;
});
const task = (id: string, more: object = {}) => ({ id, title: `Do ${id}`, role: 'researcher', ...more });

test('a task that fails is done again as often as its policy says, each try under keys of its own', async () => {
  const view = await suite.engine().run({ review: false, tasks: [task('flaky', { retries: 2 })] });
  expect(view).toMatchObject({ status: 'completed', tasks: [{ status: 'succeeded', attempts: 3 }] });
  const keys = suite.model().requests.filter(({ key }) => key.startsWith(`${view.swarmId}/flaky`));
  expect(keys.map(({ key }) => key.slice(view.swarmId.length + 1))).toEqual(['flaky/answer/1', 'flaky/answer.try2/1', 'flaky/answer.try3/1']);
  const less = await suite.engine().run({ review: false, tasks: [task('flaky', { retries: 1 })] });
  expect(less).toMatchObject({ status: 'failed', tasks: [{ status: 'failed' }] });
});

test('a task that failed for good is skipped where its policy says so, and those that need it go on without it', async () => {
  const tasks = [task('broken', { onFailure: 'skip' }), task('next', { dependsOn: ['broken'] })];
  const view = await suite.engine().run({ review: false, tasks });
  expect([view.status, statusesOf(view)]).toEqual(['completed', { broken: 'skipped', next: 'succeeded' }]);
});

test('an answer of the form plan becomes sub-tasks, and whatever waits for the task waits for them', async () => {
  const tasks = [task('split', { output: 'plan' }), task('after', { dependsOn: ['split'] })];
  const view = await suite.engine().run({ review: false, tasks });
  expect([view.status, statusesOf(view)]).toEqual(['completed', { split: 'succeeded', after: 'succeeded', 'split.a': 'succeeded', 'split.b': 'succeeded' }]);
  expect(view.tasks.find(({ id }) => id === 'after')?.dependsOn).toEqual(['split', 'split.a', 'split.b']);
  const settled = (await suite.events(view.swarmId)).filter(({ type }) => type === 'task.succeeded').map(({ taskId }) => taskId);
  expect(settled).toEqual(['split', 'split.a', 'split.b', 'after']);
  expect(view.criticalPath.tasks).toEqual(['split', 'split.a', 'split.b', 'after']);
});

test('sub-tasks that can not be run fail their task with the reason', async () => {
  const view = await suite.engine().run({ review: false, tasks: [task('circle', { output: 'plan' })] });
  expect(view).toMatchObject({ status: 'failed', tasks: [{ status: 'failed', failure: expect.stringContaining('can not be run') }] });
});

test('tasks added from outside join a running graph, also across a restart of the worker; those that do not fit are refused', async () => {
  const open = suite.model().hold(/held\/answer/);
  const swarmId = await suite.engine().start({ review: false, tasks: [task('held')] });
  await suite.whenAsked(swarmId, 'held/answer/1');
  const { swarms } = suite.engine();
  expect(await swarms.addTasks(swarmId, [task('more', { dependsOn: ['held'] }), task('free')])).toBe(3);
  await expect(swarms.addTasks(swarmId, [task('more')])).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('Two tasks have the id "more"') });
  await expect(swarms.addTasks(swarmId, [task('lost', { dependsOn: ['nowhere'] })])).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(swarms.addTasks(swarmId, [task('x', { role: 'wizard' })])).rejects.toMatchObject({ code: 'invalid_input' });
  await suite.whenAsked(swarmId, 'free/answer/1');
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)]).toEqual(['completed', { held: 'succeeded', more: 'succeeded', free: 'succeeded' }]);
  const merged = suite.model().requests.findLast(({ key }) => key.startsWith(`${swarmId}/swarm/aggregate`));
  expect(merged?.prompt).toContain('Do more');
  await expect(swarms.addTasks(swarmId, [task('late')])).rejects.toMatchObject({ code: 'conflict' });
});

test('a task added while the result is merged is done too, and the result is merged again with it', async () => {
  const open = suite.model().hold(/swarm\/aggregate\/1/);
  const swarmId = await suite.engine().start({ review: false, tasks: [task('a')] });
  await suite.whenAsked(swarmId, 'swarm/aggregate/1');
  await suite.engine().swarms.addTasks(swarmId, [task('b')]);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)]).toEqual(['completed', { a: 'succeeded', b: 'succeeded' }]);
  expect(suite.model().requests.findLast(({ key }) => key.startsWith(`${swarmId}/swarm/aggregate`))?.prompt).toContain('Do b');
});

test('a queen that dies keeps what people added', async () => {
  const open = suite.model().hold(/keep\d\/answer/);
  const swarmId = await suite.engine().start({ review: false, tasks: [task('keep1')] });
  await suite.whenAsked(swarmId, 'keep1/answer/1');
  await suite.engine().swarms.addTasks(swarmId, [task('keep2')]);
  await suite.whenAsked(swarmId, 'keep2/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).terminate('test');
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)]).toEqual(['completed', { keep1: 'succeeded', keep2: 'succeeded' }]);
});

test('a raised budget reaches a coordinator that waits for it; lowering it, and raising none, are refused', async () => {
  const open = suite.model().hold(/first\/answer/);
  const swarmId = await suite.engine().start({ review: false, budgetTokens: 2_500, tasks: [task('first'), task('second'), task('third')] });
  await suite.whenAsked(swarmId, 'first/answer/1');
  const { swarms } = suite.engine();
  await expect(swarms.raiseBudget(swarmId, { tokens: 10 })).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(swarms.raiseBudget(swarmId, { usd: 10 })).rejects.toMatchObject({ code: 'invalid_input' });
  await swarms.raiseBudget(swarmId, { tokens: 1_000_000 });
  await suite.whenAsked(swarmId, 'third/answer/1');
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.budget.tokens]).toEqual(['completed', 1_000_000]);
  expect((await suite.events(swarmId)).some(({ type }) => type === 'swarm.budgetRaised')).toBe(true);
  await expect(swarms.raiseBudget(swarmId, { tokens: 2_000_000 })).rejects.toMatchObject({ code: 'conflict' });
});

describe.each(TOPOLOGIES)('%s: a task that failed and asks', (topology) => {
  const ask = (more: object = {}) =>
    suite.engine().start({ topology, review: false, maxAgents: 1, tasks: [task('broken', { onFailure: 'ask' }), task('next', { dependsOn: ['broken'] }), task('free')], ...more });
  const hasAsked = (swarmId: string, times = 1) =>
    vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'task.asked').length === times, { timeout: 20_000, interval: 100 });

  test('goes on without it when it is skipped; it holds no place while it waits', async () => {
    const swarmId = await ask();
    await hasAsked(swarmId);
    // The one place there is is free for the others.
    await suite.whenAsked(swarmId, 'free/answer/1');
    const { swarms } = suite.engine();
    expect((await swarms.show(swarmId)).tasks[0]).toMatchObject({
      status: 'running',
      failure: `scripted refusal It waits for your answer: cf answer ${swarmId} broken retry|skip|fail`,
    });
    await expect(swarms.answer(swarmId, { taskId: 'free', decision: 'skip' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(swarms.answer(swarmId, { taskId: 'nobody', decision: 'skip' })).rejects.toMatchObject({ code: 'invalid_input' });
    await swarms.answer(swarmId, { taskId: 'broken', decision: 'skip' });
    const view = await suite.engine().end(swarmId);
    expect([view.status, statusesOf(view)]).toEqual(['completed', { broken: 'skipped', next: 'succeeded', free: 'succeeded' }]);
    await suite.expectWhole(view);
  });

  test('is done again, under a key of its own, and asks again; then fails', async () => {
    const swarmId = await ask();
    await hasAsked(swarmId);
    await suite.restartWorker();
    await suite.engine().swarms.answer(swarmId, { taskId: 'broken', decision: 'retry' });
    await hasAsked(swarmId, 2);
    await suite.engine().swarms.answer(swarmId, { taskId: 'broken', decision: 'fail' });
    const view = await suite.engine().end(swarmId);
    expect([view.status, statusesOf(view)]).toEqual(['failed', { broken: 'failed', next: 'skipped', free: 'succeeded' }]);
    expect(suite.asked(swarmId).filter((key) => key.startsWith('broken/'))).toEqual(['broken/answer/1', 'broken/answer.try2/1']);
    await suite.expectWhole(view);
  });

  test('still asks when its coordinator has been replaced, without having been tried again; a cancel ends it', async () => {
    const swarmId = await ask();
    await hasAsked(swarmId);
    await suite
      .server()
      .client.workflow.getHandle(coordinatorId(swarmId, topology, 1))
      .terminate('test');
    await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => /queenReplaced|coordinatorReplaced/.test(type)), 20_000);
    await suite.whenAsked(swarmId, 'free/answer/1');
    await suite.engine().swarms.answer(swarmId, { taskId: 'broken', decision: 'retry' });
    await hasAsked(swarmId, 2);
    await suite.engine().swarms.cancel(swarmId);
    const view = await suite.engine().end(swarmId);
    expect([view.status, statusesOf(view)['broken'], suite.asked(swarmId).filter((key) => key.startsWith('broken/'))]).toEqual([
      'cancelled',
      'cancelled',
      ['broken/answer/1', 'broken/answer.try2/1'],
    ]);
  });
});
