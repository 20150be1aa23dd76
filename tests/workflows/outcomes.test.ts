import { describe, expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { COORDINATORS, TOPOLOGIES } from '../../domain/names.js';
import type { SwarmView } from '../../domain/view.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';

/** What may become of a swarm, the same for every topology; after each, what holds of every swarm (`expectWhole`) and of its votes. Worker kills are in tests/chaos/topologies. */
const VOTERS = ['architect', 'coder', 'queen', 'analyst', 'researcher', 'reviewer', 'tester'];
/** Halves of every electorate, of agents and of peers alike. */
const isOdd = (call: string): boolean => {
  const peer = /\.peer-(\d+)/.exec(call);
  return peer ? Number(peer[1]) % 2 === 1 : VOTERS.findIndex((role) => call.includes(`.${role}-voter`)) % 2 === 1;
};
let vetoed = '';
const suite = engineSuite(({ call, contract, prompt }) => {
  if (call.startsWith('broken/answer')) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (contract !== 'ballot') return undefined;
  const ballot = (choice: string) => ({ choice, reasons: ['because'], claims: [] });
  const subject = /vote\.(\w{8})/.exec(call)?.[1] ?? '';
  if (prompt.includes('case veto')) {
    vetoed ||= subject;
    return ballot(subject === vetoed ? 'reject' : 'approve');
  }
  if (prompt.includes('case rejected')) return ballot('reject');
  if (prompt.includes('case split')) return ballot(isOdd(call) ? 'approve' : 'reject');
  return undefined;
});
const ROLES = ['researcher', 'coder', 'tester', 'architect'] as const;
const task = (id: string, i: number, more: object = {}) => ({ id, title: `Do ${id}`, role: ROLES[i % ROLES.length] ?? '', ...more });
/** Three layers over four crafts. */
const graph = [
  ...['a', 'b', 'c', 'd'].map((id, i) => task(id, i)),
  ...['e', 'f', 'g', 'h'].map((id, i) => task(id, i + 1, { dependsOn: ['abcd'[i] ?? '', 'abcd'[(i + 1) % 4] ?? ''] })),
  task('z', 2, { dependsOn: ['e', 'f', 'g', 'h'] }),
];

describe.each(TOPOLOGIES)('%s', (topology) => {
  const start = (name: string, more: object = {}) => suite.engine().start({ topology, objective: `The case ${name}.`, tasks: graph, review: false, maxAgents: 4, ...more });
  const run = async (name: string, more: object = {}): Promise<SwarmView> => suite.engine().end(await start(name, more));
  const counts = ({ votes }: SwarmView): boolean => votes.every(({ recount }) => recount.agrees);

  test('completed, its outcome approved', async () => {
    const view = await run('plain', { votes: 'outcome' });
    expect([view.status, new Set(Object.values(statusesOf(view))), view.votes.map(({ decided }) => decided)]).toEqual(['completed', new Set(['succeeded']), ['approve']]);
    expect(counts(view)).toBe(true);
    await suite.expectWhole(view);
  });

  test('a task fails: what needs it is skipped, the rest is reached', async () => {
    const view = await run('failing', { tasks: [task('broken', 0), task('next', 1, { dependsOn: ['broken'] }), task('last', 2, { dependsOn: ['next'] }), task('free', 3)] });
    expect([view.status, statusesOf(view)]).toEqual(['failed', { broken: 'failed', next: 'skipped', last: 'skipped', free: 'succeeded' }]);
    await suite.expectWhole(view);
  });

  test('a vetoed result is made again and approved', async () => {
    vetoed = '';
    const view = await run('veto', { votes: 'outcome' });
    expect([view.status, view.disputed, view.votes.map(({ decided }) => decided), counts(view)]).toEqual(['completed', false, ['reject', 'approve'], true]);
    await suite.expectWhole(view);
  });

  test('a result vetoed twice stands disputed, or fails a strict swarm', async () => {
    const view = await run('rejected', { votes: 'outcome' });
    expect([view.status, view.disputed, view.votes.map(({ decided }) => decided), counts(view)]).toEqual(['completed', true, ['reject', 'reject'], true]);
    await suite.expectWhole(view);
    const strict = await run('rejected', { votes: 'outcome', strict: true });
    expect([strict.status, strict.failure?.message]).toEqual(['failed', 'The outcome was voted down twice.']);
    await suite.expectWhole(strict);
  });

  test('no quorum: every step is on record, the result is kept', async () => {
    const view = await run('split', { votes: 'outcome' });
    expect([view.status, view.failure?.code, view.result === null, counts(view)]).toEqual(['no_quorum', 'no_quorum', false, true]);
    expect(view.votes[0]?.path.map(({ why }) => why)).toEqual(['split', 'split', 'split']);
    await suite.expectWhole(view);
  });

  test('cancelled: calls in flight are cut off, what was reached is kept', async () => {
    const open = suite.model().hold(/\/[efgh]\/answer/);
    const swarmId = await start('cancelled');
    await vi.waitUntil(() => suite.asked(swarmId).some((key) => /^[efgh]\//.test(key)), 20_000);
    await suite.engine().swarms.cancel(swarmId);
    const view = await suite.engine().end(swarmId);
    open();
    const statuses = statusesOf(view);
    expect([view.status, statuses['a'] === 'succeeded' || statuses['b'] === 'succeeded', statuses['z']]).toEqual(['cancelled', true, 'skipped']);
    await suite.expectWhole(view);
  });

  test('a budget that is used up ends it, overshot by nothing', async () => {
    const view = await run('poor', { tasks: Array.from({ length: 24 }, (_, i) => task(`t${i}`, i)), budgetTokens: 4_000 });
    expect([view.status, view.usage.inputTokens + view.usage.outputTokens <= 4_000]).toEqual(['budget_exhausted', true]);
    expect(Object.values(statusesOf(view))).toContain('succeeded');
    await suite.expectWhole(view);
  });

  test(`its ${COORDINATORS[topology]} is terminated: the next one goes on`, async () => {
    const open = suite.model().hold(/\/[efgh]\/answer/);
    const swarmId = await start('dying', { votes: 'outcome' });
    await vi.waitUntil(() => suite.asked(swarmId).some((key) => /^[efgh]\//.test(key)), 20_000);
    await suite.terminateCoordinator(swarmId, topology);
    await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => /queenReplaced|coordinatorReplaced/.test(type)), 20_000);
    open();
    const view = await suite.engine().end(swarmId);
    expect([view.status, new Set(Object.values(statusesOf(view))), view.votes[0]?.decided, counts(view)]).toEqual(['completed', new Set(['succeeded']), 'approve', true]);
    // Only calls that were held when it died may be asked for again.
    await suite.expectWhole(
      view,
      ['e', 'f', 'g', 'h'].map((id) => `${id}/answer/1`),
    );
  });
});
