import { expect, test, vi } from 'vitest';
import { engineSuite } from '../helpers/engine-suite.js';

const suite = engineSuite(() => undefined);
const tasks = [
  { id: 'first', title: 'Do first', role: 'researcher' },
  { id: 'second', title: 'Do second', role: 'analyst', dependsOn: ['first'] },
];
const asked = (swarmId: string, call: string) => suite.model().requests.filter(({ key }) => key === `${swarmId}/${call}`);

test('cancel reaches the call in flight; the run ends cancelled and nothing new starts', async () => {
  const open = suite.model().hold(/\/first\/answer/);
  const swarmId = await suite.engine().start({ objective: 'cancel me', tasks });
  await suite.whenAsked(swarmId, 'first/answer/1');
  await suite.engine().swarms.cancel(swarmId);
  expect(await suite.engine().end(swarmId)).toMatchObject({ status: 'cancelled', tasks: [{ status: 'cancelled' }, { status: 'skipped' }] });
  await vi.waitUntil(() => asked(swarmId, 'first/answer/1')[0]?.signal.aborted, 10_000);
  expect(asked(swarmId, 'second/answer/1')).toEqual([]);
  open();
});

test('pause holds what is next, also over a worker restart; steer reaches every later prompt; resume goes on', async () => {
  const open = suite.model().hold(/\/held\/answer/);
  const swarmId = await suite.engine().start({
    review: false,
    tasks: [
      { id: 'held', title: 'Do held', role: 'researcher' },
      { id: 'next', title: 'Do next', role: 'researcher', dependsOn: ['held'] },
    ],
  });
  await suite.whenAsked(swarmId, 'held/answer/1');
  await suite.engine().swarms.pause(swarmId);
  await vi.waitUntil(async () => (await suite.engine().swarms.show(swarmId)).status === 'paused', 10_000);
  open();
  await vi.waitUntil(async () => (await suite.engine().swarms.show(swarmId)).tasks[0]?.status === 'succeeded', 20_000);
  await suite.restartWorker();
  await suite.engine().swarms.steer(swarmId, 'Prefer standard tools.');
  expect(await suite.engine().swarms.show(swarmId)).toMatchObject({ status: 'paused', tasks: [{ status: 'succeeded' }, { status: 'ready' }] });
  expect(
    suite
      .model()
      .keys()
      .filter((key) => key.startsWith('next/')),
  ).toEqual([]);
  await suite.engine().swarms.resume(swarmId);
  expect((await suite.engine().end(swarmId)).status).toBe('completed');
  expect(asked(swarmId, 'next/answer.s1/1')[0]?.prompt).toContain('Prefer standard tools.');
  expect(asked(swarmId, 'swarm/aggregate.s1/1')[0]?.prompt).toContain('Prefer standard tools.');
  expect(asked(swarmId, 'held/answer/1')[0]?.prompt).not.toContain('Prefer standard tools.');
});

test('a pause before any worker polls and a resume the moment one does: the swarm goes on', async () => {
  await suite
    .withoutWorker(async () => {
      const swarmId = await suite.engine().start({ tasks, review: false });
      const handle = suite.server().client.workflow.getHandle(swarmId);
      await handle.signal('swarm.pause');
      await handle.signal('swarm.resume');
      return swarmId;
    })
    .then(async (swarmId) => expect((await suite.engine().end(swarmId)).status).toBe('completed'));
});

test('every message to an ended swarm is a conflict, to an unknown one not_found', async () => {
  const { swarmId } = await suite.engine().run({ tasks, review: false });
  const { swarms } = suite.engine();
  for (const send of [swarms.cancel, swarms.pause, swarms.resume, (id: string) => swarms.steer(id, 'late')]) {
    await expect(send(swarmId)).rejects.toMatchObject({ code: 'conflict' });
    await expect(send('swarm-unknown')).rejects.toMatchObject({ code: 'not_found' });
  }
});

test('a deadline ends the run with what was reached and aborts the call in flight', async () => {
  suite.model().hold(/\/late\/answer/);
  const swarmId = await suite.engine().start({
    review: false,
    deadline: '4s',
    tasks: [
      { id: 'early', title: 'Do early', role: 'researcher' },
      { id: 'late', title: 'Do late', role: 'researcher' },
    ],
  });
  const view = await suite.engine().end(swarmId);
  expect(view).toMatchObject({ status: 'failed', failure: { code: 'deadline_exceeded' }, tasks: [{ status: 'succeeded' }, { status: 'cancelled' }] });
  await vi.waitUntil(() => asked(swarmId, 'late/answer/1')[0]?.signal.aborted, 10_000);
});

test('a queen that is terminated is replaced: no answered call is asked again, no task is done twice', async () => {
  const open = suite.model().hold(/\/q2\/answer/);
  const chain = [
    { id: 'q1', title: 'Do q1', role: 'researcher' },
    { id: 'q2', title: 'Do q2', role: 'researcher', dependsOn: ['q1'] },
  ];
  const swarmId = await suite.engine().start({ tasks: chain });
  await suite.whenAsked(swarmId, 'q2/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'swarm.queenReplaced'), 20_000);
  open();
  expect(await suite.engine().end(swarmId)).toMatchObject({ status: 'completed', tasks: [{ status: 'succeeded' }, { status: 'succeeded' }] });
  for (const call of ['q1/answer/1', 'q1/review/1', 'q2/review/1', 'swarm/aggregate/1']) expect(asked(swarmId, call)).toHaveLength(1);
  const events = await suite.events(swarmId, true);
  expect(events.filter(({ type }) => type === 'task.succeeded').map(({ taskId }) => taskId)).toEqual(['q1', 'q2']);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
});

test('a queen that dies before it has reported an assignment, and a steer before the next one: no key ever gets a second prompt', async () => {
  const open = suite.model().hold(/\/u\d\/answer/);
  // Roles are left to the queen, so that the next one may choose otherwise.
  const swarmId = await suite.engine().start({ review: false, tasks: Array.from({ length: 6 }, (_, i) => ({ id: `u${i}`, title: `Do u${i}` })) });
  for (let term = 1; term <= 3; term += 1) {
    const seen = suite.model().requests.length;
    await vi.waitUntil(() => suite.model().requests.length > seen || suite.model().requests.filter(({ key }) => key.startsWith(`${swarmId}/u`)).length >= 6, 20_000);
    const queen = suite.server().client.workflow.getHandle(`${swarmId}/queen-${term}`);
    // A call of the queen before her may be what was seen.
    await vi.waitUntil(
      () =>
        queen.terminate('test').then(
          () => true,
          () => false,
        ),
      20_000,
    );
    await suite.engine().swarms.steer(swarmId, `Guidance ${term}`);
    await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'swarm.queenReplaced').length === term, 20_000);
  }
  open();
  expect((await suite.engine().end(swarmId)).status).toBe('completed');
  const prompts = new Map<string, Set<string>>();
  for (const { key, system, prompt } of suite.model().requests) prompts.set(key, (prompts.get(key) ?? new Set()).add(`${system}\n${prompt}`));
  expect([...prompts].filter(([, texts]) => texts.size > 1).map(([key]) => key)).toEqual([]);
  expect([...prompts.keys()].filter((key) => key.startsWith(`${swarmId}/`)).length).toBeGreaterThanOrEqual(7);
});
