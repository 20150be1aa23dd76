import { expect, test, vi } from 'vitest';
import type { VoteView } from '../../domain/vote-view.js';
import { engineSuite } from '../helpers/engine-suite.js';
import type { Script } from '../helpers/fake-model.js';

/** Votes on a real server; what a voter says is scripted by the objective, in which the tests name their case. */
const ballot = (choice: string, more: object = {}) => ({ choice, reasons: ['because'], claims: [], ...more });
const VOTES: Readonly<Record<string, (call: string) => unknown>> = {
  vetoed: (call) => ballot(call.includes('vote.') && firstSubject(call) ? 'reject' : 'approve'),
  rejected: () => ballot('reject'),
  split: (call) => ballot(/-(?:voter)-\d+\/1$/.test(call) && isOdd(call) ? 'approve' : 'reject'),
  liars: (call) => (call.includes('architect-voter') ? ballot('nonsense') : undefined),
  refuted: (call) => (call.includes('architect-voter') ? ballot('reject', { claims: [{ kind: 'output', source: 't1', quote: 'the moon is made of cheese' }] }) : undefined),
  proven: () => ballot('approve', { claims: [{ kind: 'output', source: 't1', quote: 'ANSWER to   t1/answer/1' }] }),
};
const subjects: string[] = [];
/** The first text of the swarm that was voted on. */
const firstSubject = (call: string): boolean => {
  const subject = /vote\.(\w{8})/.exec(call)?.[1] ?? '';
  if (subjects.length === 0) subjects.push(subject);
  return subjects[0] === subject;
};
const VOTERS = ['architect', 'coder', 'queen', 'analyst', 'researcher', 'reviewer', 'tester'];
const isOdd = (call: string): boolean => VOTERS.findIndex((role) => call.includes(`.${role}-voter`)) % 2 === 1;

const script: Script = ({ call, contract, prompt }) => {
  if (contract !== 'ballot') return undefined;
  const name = Object.keys(VOTES).find((known) => prompt.includes(`case ${known}`));
  return name === undefined ? undefined : VOTES[name]?.(call);
};
const suite = engineSuite(script);
const tasks = [{ id: 't1', title: 'Do t1', role: 'researcher' }];
const run = (name: string, more: object = {}) => suite.engine().run({ objective: `The case ${name}.`, votes: 'outcome', tasks, ...more });
const ballots = ({ ballots: all }: VoteView) => all.map(({ value, counted, why }) => ({ value, counted, why }));

test('the outcome is approved by the quorum of a frozen electorate; the vote that decides ends it', async () => {
  const { swarmId, status, votes } = await run('plain');
  expect(status).toBe('completed');
  expect(votes).toMatchObject([
    { electorate: 4, quorum: 3, faultsTolerated: 1, status: 'decided', decided: 'approve', round: 1, path: [], recount: { decided: 'approve', agrees: true } },
  ]);
  expect(votes[0]?.ballots.filter(({ counted }) => counted)).toHaveLength(3);
  expect(await suite.server().client.workflow.getHandle(swarmId).query('swarm.votes')).toEqual(votes);
  const events = await suite.events(swarmId);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  const steps = events.filter(({ type }) => type.startsWith('vote.')).map(({ type }) => type);
  // A fourth ballot that came with the deciding one is on record, and late.
  expect([steps[0], steps.at(-1), ...new Set(steps.slice(1, -1))]).toEqual(['vote.opened', 'vote.ended', 'vote.cast']);
});

test('a late vote is cancelled: a voter that hangs does not hold up the decision', async () => {
  const open = suite.model().hold(/vote\..*architect-voter/);
  const { swarmId, status, votes, durationMs } = await run('plain');
  const late = suite.model().requests.find(({ key }) => key.startsWith(`${swarmId}/`) && key.includes('architect-voter'));
  // Cancellation travels with the heartbeat of the call.
  await vi.waitUntil(() => late?.signal.aborted, 10_000);
  open();
  expect([status, votes[0]?.decided]).toEqual(['completed', 'approve']);
  expect(votes[0]?.ballots.map(({ voter }) => voter)).not.toContain('architect-voter-1');
  expect(durationMs).toBeLessThan(20_000);
});

test('a vetoed outcome is revised once, with a ballot against it before the aggregator', async () => {
  const { swarmId, status, votes, disputed } = await run('vetoed');
  expect([status, disputed, votes.map(({ decided }) => decided)]).toEqual(['completed', false, ['reject', 'approve']]);
  const revision = suite.model().requests.find(({ key }) => key === `${swarmId}/swarm/aggregate/2`);
  expect(revision?.prompt).toContain('because');
});

test('voted down twice, the result stands disputed; with strict the swarm fails and keeps it', async () => {
  expect(await run('rejected')).toMatchObject({ status: 'completed', disputed: true, result: expect.stringContaining('aggregate/2') });
  expect(await run('rejected', { strict: true })).toMatchObject({
    status: 'failed',
    failure: { message: 'The outcome was voted down twice.' },
    result: expect.stringContaining('aggregate/2'),
  });
});

test('no quorum: three rounds, then a larger electorate, then no_quorum, each step on record', async () => {
  const view = await run('split');
  expect(view).toMatchObject({ status: 'no_quorum', failure: { code: 'no_quorum' }, result: expect.stringContaining('aggregate/1') });
  expect(view.votes).toMatchObject([
    { electorate: 4, quorum: 3, decided: null, status: 'no_quorum', path: [{ why: 'split' }, { why: 'split' }, { why: 'split' }] },
    { electorate: 7, quorum: 5, decided: null, status: 'no_quorum', path: [{ why: 'split' }] },
  ]);
  // A later round is another question: the voters see how the last one went.
  expect(suite.model().requests.some(({ key, prompt }) => key.includes('.r2-2-2.') && prompt.includes('approve: 2'))).toBe(true);
});

test('a liar who votes nonsense abstains, and does not change the outcome', async () => {
  const { status, votes } = await run('liars');
  expect([status, votes[0]?.decided]).toEqual(['completed', 'approve']);
  for (const cast of ballots(votes[0] as VoteView).filter(({ why }) => why !== 'late'))
    expect(cast).toEqual(cast.value === 'nonsense' ? { value: 'nonsense', counted: false, why: 'invalid' } : { value: 'approve', counted: true, why: null });
});

test('evidence is looked up before a vote counts: a refuted claim makes it an abstention that is shown', async () => {
  const { votes } = await run('refuted', { voters: 1, agents: ['architect', 'researcher'] });
  expect(ballots(votes[0] as VoteView)[0]).toEqual({ value: 'reject', counted: false, why: '"the moon is made of cheese" does not stand in output t1.' });
  expect(votes[0]?.decided).toBeNull();
  const proven = await run('proven');
  expect(proven.votes[0]).toMatchObject({ decided: 'approve', recount: { agrees: true } });
});

test('with votes on tasks a panel judges each result, and a rejected one is revised', async () => {
  subjects.length = 0;
  const { status, tasks: done, votes } = await run('vetoed', { votes: 'tasks' });
  expect([status, done[0]]).toMatchObject(['completed', { status: 'succeeded', attempts: 2, disputed: false }]);
  expect(votes.map(({ decided, id }) => [id.split('-')[0], decided])).toEqual([
    ['t1', 'reject'],
    ['t1', 'approve'],
    ['swarm', 'approve'],
  ]);
});

test('silence to the end of a round is no vote; the voices of the next round decide', async () => {
  const open = suite.model().hold(/\.r1\.(?:architect|coder)-voter/);
  const { votes } = await run('plain', { voteRound: '2s' });
  open();
  expect(votes).toMatchObject([{ decided: 'approve', round: 2, path: [{ round: 1, why: 'participation' }] }]);
});

test('a queen that dies in mid-vote is replaced: every ballot is asked for once, the vote goes on', async () => {
  const open = suite.model().hold(/vote\..*(?:architect|coder)-voter/);
  const swarmId = await suite.engine().start({ objective: 'A queen dies.', votes: 'outcome', tasks });
  await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'vote.cast').length === 2, 20_000);
  await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'vote.resumed'), 20_000);
  open();
  const { status, votes } = await suite.engine().end(swarmId);
  expect([status, votes.length, votes[0]?.decided, votes[0]?.recount.agrees]).toEqual(['completed', 1, 'approve', true]);
  const counted = votes[0]?.ballots.filter(({ counted: counts }) => counts) ?? [];
  expect(new Set(counted.map(({ voter }) => voter)).size).toBe(counted.length);
});

test('bad vote settings are refused before anything starts', async () => {
  await expect(suite.engine().start({ voters: 0 })).rejects.toThrow();
  await expect(suite.engine().start({ voters: 26 })).rejects.toThrow();
  await expect(suite.engine().start({ votes: 'queen' as 'none' })).rejects.toThrow();
});
