import { describe, expect, test, vi } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** Rows D4 and 3.3: what was found wrong below is known at the root, and put before those who do work of that craft later, wherever they are. */
const suite = engineSuite(({ call }) =>
  call === 'first/review/1' ? { verdict: 'revise', findings: [{ severity: 'major', reason: 'No sources are named.', fix: 'Name them.' }] } : undefined,
);
const LESSON = 'No sources are named.';
const promptOf = (swarmId: string, key: RegExp): string => suite.model().requests.find((request) => request.key.startsWith(`${swarmId}/`) && key.test(request.key))?.prompt ?? '';
const task = (id: string, role: string, more: object = {}) => ({ id, title: `Do ${id}`, role, ...more });

describe.each(TOPOLOGIES)('%s', (topology) => {
  test('a refusal teaches later tasks of its craft, and no others', async () => {
    const view = await suite.engine().run({
      topology,
      maxAgents: 2,
      tasks: [
        task('first', 'researcher'),
        task('same', 'analyst', { dependsOn: ['first'] }),
        task('next', 'researcher', { dependsOn: ['first'] }),
        task('other', 'coder', { dependsOn: ['first'] }),
      ],
    });
    const { swarmId } = view;
    expect(view.status).toBe('completed');
    expect(promptOf(swarmId, /\/next\/answer\.l\w+\/1$/)).toContain(LESSON);
    expect(promptOf(swarmId, /\/other\/answer\/1$/)).not.toContain(LESSON);
    const assigned = (await suite.events(swarmId)).find(({ type, taskId }) => type === 'task.assigned' && taskId === 'next');
    expect(assigned?.data['lessons']).toHaveLength(1);
    await suite.expectWhole(view);
  });
});

test('managers below managers learn from each other, and a coordinator that takes over knows it all', async () => {
  const open = suite.model().hold(/\/(wait|late)\d*\/answer/);
  const swarmId = await suite.engine().start({
    topology: 'hierarchical',
    maxAgents: 60,
    // More than one manager of the craft: 50 tasks each (LIMITS.managerTasks).
    tasks: [
      task('first', 'researcher'),
      ...Array.from({ length: 59 }, (_, i) => task(`wait${i}`, 'researcher')),
      ...Array.from({ length: 10 }, (_, i) => task(`late${i}`, 'researcher', { dependsOn: [`wait${i * 5}`] })),
    ],
  });
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type, taskId }) => type === 'task.succeeded' && taskId === 'first'), 30_000);
  await vi.waitUntil(async () => (await suite.engine().swarms.show(swarmId)).tasks.filter(({ status }) => status === 'running').length >= 55, 30_000);
  const managers = new Set((await suite.events(swarmId)).filter(({ type }) => type === 'manager.started').map(({ data }) => String(data['manager'])));
  expect(managers.size).toBeGreaterThan(2);
  // It is gathered for 5 s and goes down two levels: seen in the histories of all managers.
  await vi.waitUntil(
    async () => {
      const told = await Promise.all(
        [...managers].map(async (id) => JSON.stringify((await suite.server().client.workflow.getHandle(id).fetchHistory()).events ?? []).includes('coordinator.control')),
      );
      return told.every(Boolean);
    },
    { timeout: 30_000, interval: 500 },
  );
  open();
  const view = await suite.engine().end(swarmId);
  expect(view.status).toBe('completed');
  for (let i = 0; i < 10; i += 1) expect(promptOf(swarmId, new RegExp(`/late${i}/answer\\.l\\w+/1$`))).toContain(LESSON);
  await suite.expectWhole(view);
}, 120_000);
