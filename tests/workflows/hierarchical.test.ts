import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadCatalogue } from '../../agents/loader.js';
import { packageRoot } from '../../config/package-root.js';
import { SwarmError } from '../../domain/errors.js';
import type { SwarmView } from '../../domain/view.js';
import { startCommand } from '../../temporal/commands.js';
import { snapshotOf } from '../../temporal/snapshot.js';
import { testModel } from '../helpers/engine.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';

/** One manager per domain, on a real server: hand-overs between domains, leases, failures, death, control. */
const suite = engineSuite(({ call, contract }) => {
  if (/^\w*broken\/answer/.test(call)) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (call === 'split/answer/1' && contract === 'plan') return { tasks: [{ id: 'a', title: 'Do split.a', role: 'coder', dependsOn: [] }] };
  return undefined;
});
const task = (id: string, role: string, more: object = {}) => ({ id, title: `Do ${id}`, role, ...more });
/** Three domains; each later one needs the one before. */
const chain = (prefix = '') => [
  task(`${prefix}r1`, 'researcher'),
  task(`${prefix}r2`, 'researcher'),
  task(`${prefix}c1`, 'coder', { dependsOn: [`${prefix}r1`, `${prefix}r2`] }),
  task(`${prefix}x1`, 'tester', { dependsOn: [`${prefix}c1`] }),
];
const start = (more: object) => suite.engine().start({ topology: 'hierarchical', review: false, ...more });
const run = async (more: object): Promise<SwarmView> => suite.engine().end(await start(more));

test('a manager per domain runs its tasks; what one domain needs of another comes from its manager', async () => {
  const view = await run({ tasks: chain(), votes: 'outcome' });
  expect([view.status, view.topology, statusesOf(view)]).toEqual(['completed', 'hierarchical', { r1: 'succeeded', r2: 'succeeded', c1: 'succeeded', x1: 'succeeded' }]);
  expect(view.votes).toMatchObject([{ decided: 'approve', recount: { agrees: true } }]);
  const managers = (await suite.events(view.swarmId)).filter(({ type }) => type === 'manager.started').map(({ data }) => String(data['domain']));
  expect(managers.sort()).toEqual(['coding', 'research', 'testing']);
  // The coder's prompt carries both results of the other domain.
  const prompt = suite.model().requests.find(({ key }) => key === `${view.swarmId}/c1/answer/1`)?.prompt;
  expect(prompt).toContain('answer to r1/answer/1');
  expect(prompt).toContain('answer to r2/answer/1');
  await suite.expectWhole(view);
});

test('a planned swarm runs hierarchically too', async () => {
  const view = await run({});
  expect([view.status, statusesOf(view)]).toEqual(['completed', { t1: 'succeeded', t2: 'succeeded' }]);
});

test('a task that fails takes those of other domains with it, and only those', async () => {
  const tasks = [task('broken', 'researcher'), task('needs', 'coder', { dependsOn: ['broken'] }), task('deep', 'tester', { dependsOn: ['needs'] }), task('free', 'coder')];
  const view = await run({ tasks });
  expect([view.status, statusesOf(view)]).toEqual(['failed', { broken: 'failed', needs: 'skipped', deep: 'skipped', free: 'succeeded' }]);
  await suite.expectWhole(view);
});

test('what a domain waits for includes the sub-tasks its task was split into', async () => {
  const view = await run({ tasks: [task('split', 'researcher', { output: 'plan' }), task('after', 'tester', { dependsOn: ['split'] })] });
  expect([view.status, statusesOf(view)]).toEqual(['completed', { split: 'succeeded', 'split.a': 'succeeded', after: 'succeeded' }]);
  expect(suite.model().requests.find(({ key }) => key === `${view.swarmId}/after/answer/1`)?.prompt).toContain('answer to split.a/answer/1');
  await suite.expectWhole(view);
});

test('places are leased: never more tasks in flight than the swarm may have, and all of them are used', async () => {
  const tasks = [...Array.from({ length: 6 }, (_, i) => task(`r${i}`, 'researcher')), ...Array.from({ length: 6 }, (_, i) => task(`c${i}`, 'coder'))];
  const view = await run({ tasks, maxAgents: 4 });
  let running = 0;
  let peak = 0;
  for (const { type } of await suite.events(view.swarmId)) {
    if (type === 'task.assigned') running += 1;
    if (type === 'task.succeeded') running -= 1;
    peak = Math.max(peak, running);
  }
  expect([view.status, peak]).toEqual(['completed', 4]);
  await suite.expectWhole(view);
});

test('one place for three domains still gets through', async () => {
  const view = await run({ tasks: chain('one'), maxAgents: 1 });
  expect(view.status).toBe('completed');
});

test('a manager that dies is replaced from its last report; nothing is lost, nothing done twice', async () => {
  const open = suite.model().hold(/\/mdc1\/answer/);
  const swarmId = await start({ tasks: chain('md') });
  await suite.whenAsked(swarmId, 'mdc1/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/hierarchical-1/manager-coding`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'manager.replaced'), 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)]).toEqual(['completed', { mdr1: 'succeeded', mdr2: 'succeeded', mdc1: 'succeeded', mdx1: 'succeeded' }]);
  // The call that was held when its manager died is asked for again, under the same key.
  expect(new Set(suite.asked(swarmId)).size).toBe(5);
});

test('the coordinator that dies is replaced with all its managers', async () => {
  const open = suite.model().hold(/\/cdc1\/answer/);
  const swarmId = await start({ tasks: chain('cd') });
  await suite.whenAsked(swarmId, 'cdc1/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/hierarchical-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'swarm.coordinatorReplaced'), 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, Object.values(statusesOf(view))]).toEqual(['completed', Array(4).fill('succeeded')]);
  expect(new Set(suite.asked(swarmId)).size).toBe(5);
});

test('a budget is leased down and never overshot: too little for all ends the swarm, and what it covered is kept', async () => {
  const tasks = [...Array.from({ length: 10 }, (_, i) => task(`r${i}`, 'researcher')), ...Array.from({ length: 10 }, (_, i) => task(`c${i}`, 'coder'))];
  const view = await run({ tasks, budgetTokens: 3_000, maxAgents: 20 });
  expect(view.status).toBe('budget_exhausted');
  expect(view.usage.inputTokens + view.usage.outputTokens).toBeLessThanOrEqual(3_000);
  // Split or not, it covers the same calls.
  const done = ({ tasks: all }: SwarmView) => all.filter(({ status }) => status === 'succeeded').length;
  const queen = await run({ topology: 'queen', tasks, budgetTokens: 3_000, maxAgents: 20 });
  expect([done(view) > 3, done(view)]).toEqual([true, done(queen)]);
  await suite.expectWhole(view);
});

test('pause, steer, an added task and resume reach every manager; cancel ends them all', async () => {
  const open = suite.model().hold(/\/psr\d\/answer/);
  const swarmId = await start({ tasks: chain('ps') });
  await suite.whenAsked(swarmId, 'psr1/answer/1');
  const { swarms } = suite.engine();
  await swarms.pause(swarmId);
  await swarms.steer(swarmId, 'Mind the gap.');
  await swarms.addTasks(swarmId, [task('psmore', 'analyst', { dependsOn: ['psx1'] })]);
  open();
  await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'task.succeeded').length === 2, 20_000);
  expect(suite.asked(swarmId).some((key) => key.startsWith('psc1'))).toBe(false);
  await swarms.resume(swarmId);
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)['psmore']]).toEqual(['completed', 'succeeded']);
  expect(suite.model().requests.find(({ key }) => key.startsWith(`${swarmId}/psc1/answer`))?.prompt).toContain('Mind the gap.');
  await suite.expectWhole(view);

  const release = suite.model().hold(/\/ccr\d\/answer/);
  const cancelled = await start({ tasks: chain('cc') });
  await suite.whenAsked(cancelled, 'ccr1/answer/1');
  await swarms.cancel(cancelled);
  const ended = await suite.engine().end(cancelled);
  release();
  expect([ended.status, statusesOf(ended)]).toEqual(['cancelled', { ccr1: 'cancelled', ccr2: 'cancelled', ccc1: 'skipped', ccx1: 'skipped' }]);
  await suite.expectWhole(ended);
});

describe('managers below managers', () => {
  /** A swarm whose managers split at three tasks; two levels for one domain of eight, and another domain that waits for it. */
  const deep = async (prefix: string, more: object = {}): Promise<string> => {
    const { agents } = await loadCatalogue({ builtin: join(packageRoot, 'agents'), project: '/nonexistent', user: '/nonexistent' });
    const swarmId = `swarm-${prefix}-${Date.now()}`;
    const tasks = [
      ...Array.from({ length: 8 }, (_, i) => task(`${prefix}r${i}`, 'researcher', { dependsOn: i >= 6 ? [`${prefix}c0`] : [] })),
      task(`${prefix}c0`, 'coder', { dependsOn: [`${prefix}r0`, `${prefix}r5`] }),
      task(`${prefix}x0`, 'tester', { dependsOn: [`${prefix}r7`] }),
    ];
    const command = startCommand.parse({ objective: 'Deep', topology: 'hierarchical', review: false, tasks, maxAgents: 4, ...more });
    const snapshot = snapshotOf(command, { catalogue: agents, model: testModel('sim/fake'), swarmId, traceId: 'a'.repeat(32), version: '0.0.0-test', now: Date.now() });
    await suite.server().client.workflow.start('swarm', { workflowId: swarmId, taskQueue: 'cf.swarms', args: [{ ...snapshot, limits: { ...snapshot.limits, managerTasks: 3 } }] });
    return swarmId;
  };

  test('a domain with more tasks than one manager takes is split, and results pass between all levels', async () => {
    const swarmId = await deep('deep');
    const view = await suite.engine().end(swarmId);
    expect([view.status, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', new Set(['succeeded'])]);
    const below: string[] = [];
    for await (const { workflowId } of suite.server().client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}/hierarchical-1/manager-research/"` }))
      below.push(workflowId.split('/').at(-1) ?? '');
    expect(below.sort()).toEqual(['manager-1', 'manager-2', 'manager-3']);
    await suite.expectWhole(view);
  });

  test('never more tasks in flight than the swarm may have, over all levels', async () => {
    const swarmId = await deep('flight');
    const view = await suite.engine().end(swarmId);
    let [running, peak] = [0, 0];
    for (const { type } of await suite.events(swarmId)) {
      if (type === 'task.assigned') running += 1;
      if (type === 'task.succeeded') running -= 1;
      peak = Math.max(peak, running);
    }
    expect([view.status, peak <= 4]).toEqual(['completed', true]);
  });

  test('a manager in the middle that dies is replaced with all below it', async () => {
    const open = suite.model().hold(/\/middler5\/answer/);
    const swarmId = await deep('middle');
    await suite.whenAsked(swarmId, 'middler5/answer/1');
    await suite.server().client.workflow.getHandle(`${swarmId}/hierarchical-1/manager-research`).terminate('test');
    await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'manager.replaced'), 20_000);
    open();
    const view = await suite.engine().end(swarmId);
    expect([view.status, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', new Set(['succeeded'])]);
    // The call that was held when its manager died is asked for again, under the same key.
    await suite.expectWhole(view, ['middler5/answer/1']);
  });

  test('a budget reaches the lowest level, and is not overshot', async () => {
    const swarmId = await deep('poor', { budgetTokens: 3_000 });
    const view = await suite.engine().end(swarmId);
    expect(view.status).toBe('budget_exhausted');
    expect(view.usage.inputTokens + view.usage.outputTokens).toBeLessThanOrEqual(3_000);
    expect(view.tasks.some(({ status }) => status === 'succeeded')).toBe(true);
  });
});
