import { expect, test } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** `--topology auto`: the topology-advisor sees the planned graph and chooses; the choice and its reason are in the log. */
const suite = engineSuite(({ call, prompt }) => {
  if (!call.startsWith('swarm/topology')) return undefined;
  if (prompt.includes('refused')) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  return { choice: prompt.includes('undecided') ? 'queen or mesh' : 'Mesh', reasons: ['3 tasks can run side by side'], confidence: 0.8 };
});
const tasks = ['a', 'b', 'c'].map((id) => ({ id, title: `Do ${id}`, role: 'researcher' }));
const run = async (objective: string) => {
  const view = await suite.engine().run({ objective, topology: 'auto', review: false, tasks });
  const chosen = (await suite.events(view.swarmId)).filter(({ type }) => type === 'topology.chosen').map(({ data }) => data);
  return { view, chosen };
};

test('the advisor chooses, and the swarm runs so', async () => {
  const { view, chosen } = await run('Compare three ways.');
  expect([view.status, view.topology]).toEqual(['completed', 'mesh']);
  expect(chosen).toMatchObject([{ topology: 'mesh', by: 'advisor', reason: '3 tasks can run side by side', shape: { tasks: 3, depth: 1, width: 3 } }]);
  // Its call is paid like any other, and it is told the figures.
  expect(view.usage.modelCalls).toBe(5);
  expect(suite.model().requests.find(({ key }) => key === `${view.swarmId}/swarm/topology/1`)?.prompt).toContain('3 tasks; the longest chain has 1');
  const { searchAttributes } = await suite.server().client.workflow.getHandle(view.swarmId).describe();
  expect(searchAttributes['CfTopology']).toEqual(['mesh']);
  await suite.expectWhole(view);
});

test.each(['To be undecided.', 'To be refused.'])('without a usable answer a rule chooses and says so: %s', async (objective) => {
  const { view, chosen } = await run(objective);
  expect([view.status, view.topology]).toEqual(['completed', 'queen']);
  expect(chosen).toMatchObject([{ topology: 'queen', by: 'rule', reason: expect.stringContaining('3 tasks in 1 steps') }]);
});

test('a swarm that names its topology asks nobody', async () => {
  const view = await suite.engine().run({ review: false, tasks });
  expect(suite.asked(view.swarmId).some((key) => key.startsWith('swarm/topology'))).toBe(false);
});
