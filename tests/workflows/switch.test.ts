import { expect, test } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** A running swarm moves between every ordered pair of topologies. */
const suite = engineSuite(() => undefined);
const pairs = TOPOLOGIES.flatMap((from) => TOPOLOGIES.filter((to) => to !== from).map((to) => [from, to] as const));

test.each(pairs)('from %s to %s: settled tasks stay, running ones are finished, none is lost or doubled', async (from, to) => {
  const prefix = `${from[0]}${to[0]}`;
  const task = (id: string, role: string, dependsOn: readonly string[] = []) => ({
    id: `${prefix}${id}`,
    title: `Do ${id}`,
    role,
    dependsOn: dependsOn.map((need) => `${prefix}${need}`),
  });
  const tasks = [task('r1', 'researcher'), task('r2', 'researcher'), task('c1', 'coder', ['r1', 'r2']), task('x1', 'tester', ['c1'])];
  const open = suite.model().hold(new RegExp(`/${prefix}c1/answer`));
  const swarmId = await suite.engine().start({ topology: from, review: false, tasks });
  await suite.whenAsked(swarmId, `${prefix}c1/answer/1`);
  await suite.engine().swarms.switchTopology(swarmId, to);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.topology, view.tasks.map(({ status }) => status)]).toEqual(['completed', to, Array(4).fill('succeeded')]);
  expect([...suite.asked(swarmId)].sort()).toEqual([`${prefix}c1/answer/1`, `${prefix}r1/answer/1`, `${prefix}r2/answer/1`, `${prefix}x1/answer/1`, 'swarm/aggregate/1'].sort());
  await suite.expectWhole(view);
  await expect(suite.engine().swarms.switchTopology(swarmId, from)).rejects.toMatchObject({ code: 'conflict' });
});

test('a topology that there is none of is refused, and the swarm goes on', async () => {
  const open = suite.model().hold(/\/only\/answer/);
  const swarmId = await suite.engine().start({ review: false, tasks: [{ id: 'only', title: 'Do it', role: 'researcher' }] });
  await suite.whenAsked(swarmId, 'only/answer/1');
  await expect(suite.engine().swarms.switchTopology(swarmId, 'ring' as never)).rejects.toMatchObject({ code: 'invalid_input' });
  open();
  expect(await suite.engine().end(swarmId)).toMatchObject({ status: 'completed', topology: 'queen' });
});
