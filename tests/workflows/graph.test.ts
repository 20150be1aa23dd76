import { expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { engineSuite } from '../helpers/engine-suite.js';

const broken = new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
const suite = engineSuite(({ call, prompt }) => {
  if (call.startsWith('broken/')) return broken;
  if (!call.startsWith('swarm/plan/')) return undefined;
  const good = { tasks: [{ id: 'a', title: 'first', role: 'researcher', dependsOn: [] }] };
  if (prompt.includes('no plan at all') || (prompt.includes('one bad plan') && call === 'swarm/plan/1'))
    return { tasks: [{ id: 'a', title: 'first', role: 'researcher', dependsOn: ['zz'] }] };
  return good;
});
const task = (id: string, more: object = {}) => ({ id, title: `Do ${id}`, role: 'researcher', ...more });
const callsOf = (swarmId: string) =>
  suite
    .model()
    .requests.filter(({ key }) => key.startsWith(`${swarmId}/`))
    .map(({ key }) => key.slice(swarmId.length + 1));

test('plans, executes, reviews, aggregates and records, each once and in that order', async () => {
  const view = await suite.engine().run({});
  expect(view).toMatchObject({ status: 'completed', phase: 'ended', failure: null, result: expect.stringContaining('swarm/aggregate/1') });
  expect(callsOf(view.swarmId)).toEqual(['swarm/plan/1', 'a/answer/1', 'a/review/1', 'swarm/aggregate/1']);
  expect(view.usage).toMatchObject({ modelCalls: 4, inputTokens: 400, outputTokens: 40 });
  const types = (await suite.events(view.swarmId, true)).map(({ type }) => type);
  expect(types).toEqual([
    'swarm.started',
    'swarm.recalled',
    'plan.accepted',
    'task.assigned',
    'task.answered',
    'task.reviewed',
    'task.succeeded',
    'aggregate.started',
    'result.aggregated',
    'swarm.ended',
  ]);
  expect(suite.engine().storage.archive.get(view.swarmId)).toMatchObject({ status: 'completed' });
});

test('the reviewer is another agent than the author, and sees objective and task verbatim', async () => {
  const view = await suite.engine().run({ objective: 'Objective with "quotes" — verbatim', tasks: [task('x', { title: 'Task text, verbatim: <x>' })] });
  const [answer, review] = ['x/answer/1', 'x/review/1'].map((call) => suite.model().requests.find(({ key }) => key === `${view.swarmId}/${call}`));
  for (const request of [answer, review]) {
    expect(request?.prompt).toContain('Objective with "quotes" — verbatim');
    expect(request?.prompt).toContain('Task text, verbatim: <x>');
  }
  const events = await suite.events(view.swarmId);
  expect(events.find(({ type }) => type === 'task.reviewed')?.agentId).not.toBe(events.find(({ type }) => type === 'task.answered')?.agentId);
});

test('tasks given by hand skip planning; review: false skips review', async () => {
  const { swarmId, status } = await suite.engine().run({ tasks: [task('x'), task('y', { dependsOn: ['x'] })], review: false });
  expect(status).toBe('completed');
  expect(callsOf(swarmId)).toEqual(['x/answer/1', 'y/answer/1', 'swarm/aggregate/1']);
});

test('a task starts the moment its last dependency settles: a slow branch holds nobody back', async () => {
  const open = suite.model().hold(/\/slow\/answer/);
  const swarmId = await suite
    .engine()
    .start({ review: false, tasks: [task('slow'), task('a'), task('b', { dependsOn: ['a'] }), task('c', { dependsOn: ['b'] }), task('z', { dependsOn: ['slow', 'c'] })] });
  await vi.waitFor(() => expect(callsOf(swarmId)).toContain('c/answer/1'), 15_000);
  expect(callsOf(swarmId)).not.toContain('z/answer/1');
  open();
  expect((await suite.engine().end(swarmId)).status).toBe('completed');
});

test('ready tasks run side by side up to --max-agents, by priority', async () => {
  const open = suite.model().hold(/\/p\d\/answer/);
  const tasks = [task('p5', { priority: 5 }), task('p4', { priority: 4 }), task('p1', { priority: 1 }), task('p2', { priority: 2 })];
  const swarmId = await suite.engine().start({ review: false, maxAgents: 2, tasks });
  await vi.waitFor(() => expect(callsOf(swarmId)).toHaveLength(2), 15_000);
  expect(callsOf(swarmId).sort()).toEqual(['p1/answer/1', 'p2/answer/1']);
  open();
  expect((await suite.engine().end(swarmId)).status).toBe('completed');
  const assigned = (await suite.events(swarmId)).filter(({ type }) => type === 'task.assigned').map(({ taskId }) => taskId);
  expect(assigned).toEqual(['p1', 'p2', 'p4', 'p5']);
});

test('a failed task skips its dependants and says so; the run ends failed with what was reached', async () => {
  const view = await suite.engine().run({ tasks: [task('broken'), task('after', { dependsOn: ['broken'] }), task('last', { dependsOn: ['after'] }), task('fine')] });
  expect(view.status).toBe('failed');
  expect(Object.fromEntries(view.tasks.map(({ id, status, failure }) => [id, [status, failure]]))).toEqual({
    broken: ['failed', 'scripted refusal'],
    after: ['skipped', 'broken failed'],
    last: ['skipped', 'broken failed'],
    fine: ['succeeded', null],
  });
  expect(view.failure).toMatchObject({ code: 'provider_rejected', message: '1 of 4 tasks failed, 2 that needed them were skipped.' });
  expect(view.result).toContain('swarm/aggregate/1');
});

test('a plan that can not be run is repaired once with the findings', async () => {
  const { swarmId, status, tasks } = await suite.engine().run({ objective: 'one bad plan' });
  expect([status, tasks.length]).toEqual(['completed', 1]);
  const repair = suite.model().requests.find(({ key }) => key === `${swarmId}/swarm/plan/2`);
  expect(repair?.prompt).toContain('Task "a" depends on "zz", which is not in the plan.');
});

test('a plan that stays wrong is refused with a clear error and no task runs', async () => {
  const view = await suite.engine().run({ objective: 'no plan at all' });
  expect(view).toMatchObject({
    status: 'failed',
    tasks: [],
    failure: { code: 'provider_rejected', message: expect.stringContaining('no plan'), why: expect.stringContaining('"zz"'), fix: expect.stringContaining('-f spec.yaml') },
  });
  expect(callsOf(view.swarmId)).toEqual(['swarm/plan/1', 'swarm/plan/2']);
});

test('no call key ever gets two prompts', () => {
  const prompts = new Map<string, string>();
  for (const { key, prompt } of suite.model().requests) expect(prompts.get(key) ?? prompt).toBe((prompts.set(key, prompt), prompt));
  expect(prompts.size).toBeGreaterThan(20);
});
