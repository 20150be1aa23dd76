import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SwarmView } from '../../domain/view.js';
import type { RunningWorker } from '../../workers/worker.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';

/** Regions with workers of their own, on a real server: placing, sharing results, loss, return, control. */
const suite = engineSuite(() => undefined);
const task = (id: string, role: string, more: object = {}) => ({ id, title: `Do ${id}`, role, ...more });
const start = (more: object) => suite.engine().start({ topology: 'distributed', review: false, ...more });
const run = async (more: object): Promise<SwarmView> => suite.engine().end(await start(more));
/** Two tasks, and four that need both. */
const fan = (prefix: string) => [
  task(`${prefix}a`, 'researcher'),
  task(`${prefix}b`, 'researcher'),
  ...Array.from({ length: 4 }, (_, i) => task(`${prefix}c${i}`, 'coder', { dependsOn: [`${prefix}a`, `${prefix}b`] })),
];
const dataOf = async (swarmId: string, type: string) =>
  (await suite.events(swarmId)).filter((event) => event.type === type).map(({ taskId, data }) => ({ taskId, ...data }) as Record<string, unknown>);
const placesOf = async (swarmId: string): Promise<Readonly<Record<string, unknown>>> =>
  Object.fromEntries((await dataOf(swarmId, 'task.placed')).map(({ taskId, region }) => [String(taskId), region]));

let eu: RunningWorker;
const stopEu = async (): Promise<void> => {
  eu.stop();
  await eu.done;
};
beforeAll(async () => {
  eu = await suite.engine().work(suite.model().provider, 'eu');
});
afterAll(stopEu);

test('without regions named, the local one runs it all', async () => {
  const view = await run({ tasks: fan('l'), votes: 'outcome' });
  expect([view.status, view.topology, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', 'distributed', new Set(['succeeded'])]);
  expect(view.votes).toMatchObject([{ decided: 'approve', recount: { agrees: true } }]);
  expect(new Set(Object.values(await placesOf(view.swarmId)))).toEqual(new Set(['local']));
  await suite.expectWhole(view);
});

test('tasks are spread over the regions, each with its reason, and results pass from one to the other', async () => {
  const view = await run({ tasks: fan('s'), regions: ['local', 'eu'] });
  expect([view.status, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', new Set(['succeeded'])]);
  const places = await placesOf(view.swarmId);
  expect(places['sa']).not.toBe(places['sb']);
  expect(new Set(Object.values(places))).toEqual(new Set(['local', 'eu']));
  expect((await dataOf(view.swarmId, 'task.placed')).every(({ reason }) => /open and \d+ waiting there, cost 1/.test(String(reason)))).toBe(true);
  for (const id of ['sc0', 'sc1', 'sc2', 'sc3']) {
    const prompt = suite.model().requests.find(({ key }) => key === `${view.swarmId}/${id}/answer/1`)?.prompt;
    expect(prompt).toContain('answer to sa/answer/1');
    expect(prompt).toContain('answer to sb/answer/1');
  }
  await suite.expectWhole(view);
});

test('calls of a region run on its own queue, by its own workers', async () => {
  const view = await run({ tasks: [task('q', 'researcher')], regions: ['eu'] });
  const { events } = await suite.server().client.workflow.getHandle(`${view.swarmId}/distributed-1/region-eu`).fetchHistory();
  const queues = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.taskQueue?.name ?? []);
  expect([view.status, queues]).toEqual(['completed', ['cf.region.eu']]);
});

test('a dearer region gets less', async () => {
  const tasks = Array.from({ length: 8 }, (_, i) => task(`d${i}`, 'researcher'));
  const view = await run({ tasks, maxAgents: 8, regions: [{ name: 'local', cost: 3 }, 'eu'] });
  const placed = Object.values(await placesOf(view.swarmId));
  expect([view.status, placed.filter((region) => region === 'eu').length]).toEqual(['completed', 6]);
});

test('a region of its own model is asked by that model', async () => {
  const view = await run({ tasks: [task('own', 'researcher')], regions: [{ name: 'eu', model: 'sim/small' }] });
  expect(view.status).toBe('completed');
  expect(suite.model().requests.find(({ key }) => key === `${view.swarmId}/own/answer/1`)?.model).toBe('small');
  expect(suite.model().requests.find(({ key }) => key === `${view.swarmId}/swarm/aggregate/1`)?.model).toBe('fake');
});

test('nobody serves a region: the others do its work, and the log says what would help', async () => {
  const view = await run({ tasks: fan('n'), regions: ['local', 'nowhere'] });
  expect([view.status, new Set(Object.values(await placesOf(view.swarmId)))]).toEqual(['completed', new Set(['local'])]);
  expect(await dataOf(view.swarmId, 'region.awaited')).toMatchObject([{ region: 'nowhere', why: expect.stringContaining('cf worker --region nowhere') }]);
  await suite.expectWhole(view);
});

test('with no worker anywhere the swarm waits and says for what; the first one that comes runs it', async () => {
  const swarmId = await start({ tasks: fan('w'), regions: ['later'] });
  await vi.waitUntil(async () => (await dataOf(swarmId, 'region.awaited')).length === 1, 20_000);
  expect((await suite.engine().swarms.show(swarmId)).status).toBe('running');
  const later = await suite.engine().work(suite.model().provider, 'later');
  const view = await suite.engine().end(swarmId);
  later.stop();
  await later.done;
  expect(view.status).toBe('completed');
  await suite.expectWhole(view);
});

test('a region that is lost: its tasks go to the others; when it comes back it joins again, and all replicas agree', { timeout: 90_000 }, async () => {
  const open = suite.model().hold(/\/lost[ab]\/answer/);
  const swarmId = await start({
    tasks: [task('losta', 'researcher'), task('lostb', 'researcher'), task('lostc', 'coder', { dependsOn: ['losta', 'lostb'] })],
    regions: ['local', 'eu'],
  });
  await suite.whenAsked(swarmId, 'losta/answer/1');
  await suite.whenAsked(swarmId, 'lostb/answer/1');
  await vi.waitUntil(async () => (await dataOf(swarmId, 'task.placed')).length === 3, 20_000);
  const first = await placesOf(swarmId);
  const there = Object.keys(first).filter((id) => first[id] === 'eu');
  expect(there.length).toBeGreaterThan(0);
  await stopEu();
  await vi.waitUntil(async () => (await dataOf(swarmId, 'region.lost')).length === 1, 30_000);
  await vi.waitFor(async () => expect(new Set(Object.values(await placesOf(swarmId)))).toEqual(new Set(['local'])), 20_000);
  // It comes back while the swarm still runs: a member of its second term, which knows all that the others know.
  eu = await suite.engine().work(suite.model().provider, 'eu');
  const replicaOf = (member: string) => suite.server().client.workflow.getHandle(`${swarmId}/distributed-1/${member}`).query<Record<string, string>>('region.replica');
  await vi.waitUntil(async () => (await dataOf(swarmId, 'region.started')).length === 3, 20_000);
  await vi.waitFor(async () => expect(await replicaOf('region-eu.2')).toEqual(await replicaOf('region-local')), { timeout: 20_000, interval: 200 });
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)]).toEqual(['completed', { losta: 'succeeded', lostb: 'succeeded', lostc: 'succeeded' }]);
  // The calls that were held when their region was lost are asked for again, under the same keys.
  await suite.expectWhole(
    view,
    there.map((id) => `${id}/answer/1`),
  );
});

test('a member that dies is replaced in its region; a coordinator with all its members', async () => {
  const open = suite.model().hold(/\/mem[ab]\/answer/);
  const swarmId = await start({ tasks: fan('mem'), regions: ['local', 'eu'] });
  await suite.whenAsked(swarmId, 'mema/answer/1');
  await suite.whenAsked(swarmId, 'memb/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/distributed-1/region-eu`).terminate('test');
  await vi.waitUntil(async () => (await dataOf(swarmId, 'region.replaced')).length === 1, 20_000);
  await suite.server().client.workflow.getHandle(`${swarmId}/distributed-1`).terminate('test');
  await vi.waitUntil(async () => (await dataOf(swarmId, 'swarm.coordinatorReplaced')).length === 1, 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', new Set(['succeeded'])]);
  await suite.expectWhole(view, ['mema/answer/1', 'memb/answer/1']);
});

test('pause, steer, an added task and resume reach every region; cancel ends them all', async () => {
  const { swarms } = suite.engine();
  const open = suite.model().hold(/\/ctl[ab]\/answer/);
  const swarmId = await start({ tasks: fan('ctl'), regions: ['local', 'eu'] });
  await suite.whenAsked(swarmId, 'ctla/answer/1');
  await suite.whenAsked(swarmId, 'ctlb/answer/1');
  await swarms.pause(swarmId);
  await swarms.steer(swarmId, 'Mind the gap.');
  await swarms.addTasks(swarmId, [task('ctlmore', 'analyst', { dependsOn: ['ctlc3'] })]);
  open();
  await vi.waitUntil(async () => (await dataOf(swarmId, 'task.succeeded')).length === 2, 20_000);
  expect(suite.asked(swarmId).some((key) => key.startsWith('ctlc'))).toBe(false);
  await swarms.resume(swarmId);
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)['ctlmore']]).toEqual(['completed', 'succeeded']);
  expect(suite.model().requests.find(({ key }) => key.startsWith(`${swarmId}/ctlc0/answer`))?.prompt).toContain('Mind the gap.');
  await suite.expectWhole(view);

  const release = suite.model().hold(/\/can[ab]\/answer/);
  const cancelled = await start({ tasks: fan('can'), regions: ['local', 'eu'] });
  await suite.whenAsked(cancelled, 'cana/answer/1');
  await suite.whenAsked(cancelled, 'canb/answer/1');
  await swarms.cancel(cancelled);
  const ended = await suite.engine().end(cancelled);
  release();
  expect([ended.status, new Set(Object.values(statusesOf(ended)))]).toEqual(['cancelled', new Set(['cancelled', 'skipped'])]);
  await suite.expectWhole(ended);
});

test('a budget is leased to the regions and never overshot', async () => {
  const tasks = Array.from({ length: 20 }, (_, i) => task(`bud${i}`, 'researcher'));
  const view = await run({ tasks, budgetTokens: 3_000, maxAgents: 20, regions: ['local', 'eu'] });
  expect(view.status).toBe('budget_exhausted');
  expect(view.usage.inputTokens + view.usage.outputTokens).toBeLessThanOrEqual(3_000);
  expect(view.tasks.filter(({ status }) => status === 'succeeded').length).toBeGreaterThan(3);
  await suite.expectWhole(view);
});
