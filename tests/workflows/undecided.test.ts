import { describe, expect, test, vi } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** An outcome on which the voters find no quorum, and a person who decides: the last step of promises.md 2(d). */
const VOTERS = ['architect', 'coder', 'queen', 'analyst', 'researcher', 'reviewer', 'tester'];
const isOdd = (call: string): boolean => {
  const peer = /\.peer-(\d+)/.exec(call);
  return peer ? Number(peer[1]) % 2 === 1 : VOTERS.findIndex((role) => call.includes(`.${role}-voter`)) % 2 === 1;
};
/** The first text of each swarm that is voted on splits every electorate, the next is approved. */
const first = new Map<string, string>();
const suite = engineSuite(({ key, call, contract }) => {
  if (contract !== 'ballot') return undefined;
  const swarmId = key.slice(0, key.indexOf('/'));
  const subject = /vote\.(\w{8})/.exec(call)?.[1] ?? '';
  if (!first.has(swarmId)) first.set(swarmId, subject);
  return { choice: first.get(swarmId) !== subject || isOdd(call) ? 'approve' : 'reject', reasons: ['because'], claims: [] };
});
const tasks = ['a', 'b'].map((id, i) => ({ id, title: `Do ${id}`, role: ['researcher', 'coder'][i] ?? '' }));
const start = (more: object) => suite.engine().start({ tasks, review: false, votes: 'outcome', undecided: 'ask', maxAgents: 4, ...more });
const untilAsked = (swarmId: string) => vi.waitUntil(async () => (await suite.engine().swarms.show(swarmId)).votes.find(({ asks }) => asks), { timeout: 30_000, interval: 100 });
const answer = (swarmId: string, outcome: 'approve' | 'reject') => suite.engine().swarms.answer(swarmId, { outcome });

describe.each(TOPOLOGIES)('%s', (topology) => {
  test('asks, and stands when a person approves it; whoever coordinates then', async () => {
    const swarmId = await start({ topology });
    const vote = await untilAsked(swarmId);
    expect(vote).toMatchObject({ status: 'no_quorum', decided: null, judged: null });
    await suite.terminateCoordinator(swarmId, topology);
    await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type, data }) => type === 'vote.ended' && data['vote'] === vote.id).length === 2, 20_000);
    expect((await suite.engine().swarms.show(swarmId)).status).toBe('running');
    await answer(swarmId, 'approve');
    const view = await suite.engine().end(swarmId);
    expect([view.status, view.disputed, view.failure]).toEqual(['completed', false, null]);
    expect(view.votes.at(-1)).toMatchObject({ id: vote.id, decided: null, asks: false, judged: 'approve', recount: { agrees: true } });
    const types = (await suite.events(swarmId)).map(({ type }) => type);
    expect([types.filter((type) => type === 'vote.asked').length, types.filter((type) => type === 'vote.judged').length]).toEqual([1, 1]);
    await suite.expectWhole(view);
  });
});

test('is made again when a person rejects it, and voted on again', async () => {
  const swarmId = await start({});
  await untilAsked(swarmId);
  await answer(swarmId, 'reject');
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.disputed, view.votes.at(-1)?.decided]).toEqual(['completed', false, 'approve']);
  expect(view.votes.map(({ judged }) => judged)).toEqual([null, 'reject', null]);
  expect(view.result).toContain('aggregate/2');
  await suite.expectWhole(view);
});

test('waits over a restart of the worker, and is cancelled like any other', async () => {
  const swarmId = await start({});
  await untilAsked(swarmId);
  await suite.restartWorker();
  await suite.engine().swarms.cancel(swarmId);
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.result === null]).toEqual(['cancelled', false]);
  await suite.expectWhole(view);
});

test('refuses an answer that nobody asked for, and a second one', async () => {
  const open = suite.model().hold(/b\/answer/);
  const swarmId = await start({});
  await suite.whenAsked(swarmId, 'b/answer/1');
  await expect(answer(swarmId, 'approve')).rejects.toMatchObject({ code: 'conflict', message: 'The outcome does not ask for an answer.' });
  open();
  await untilAsked(swarmId);
  // Two people answer at once: one of them is heard.
  const said = await Promise.allSettled([answer(swarmId, 'approve'), answer(swarmId, 'reject')]);
  expect(said.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(said.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
  const view = await suite.engine().end(swarmId);
  expect(view.votes.flatMap(({ judged }) => judged ?? [])).toEqual([said[0]?.status === 'fulfilled' ? 'approve' : 'reject']);
});

test('without --undecided ask it ends no_quorum, as before', async () => {
  const view = await suite.engine().run({ tasks, review: false, votes: 'outcome' });
  expect([view.status, view.votes.some(({ asks }) => asks)]).toEqual(['no_quorum', false]);
});
