import { expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import type { SwarmView } from '../../domain/view.js';
import { engineSuite, statusesOf } from '../helpers/engine-suite.js';

/** Peers on a real server: they hand each other results and work, outlive deaths, and vote with signatures. */
const suite = engineSuite(({ call, contract, prompt }) => {
  if (/^\w*broken\/answer/.test(call)) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (call === 'split/answer/1' && contract === 'plan') return { tasks: [{ id: 'a', title: 'Do split.a', role: 'coder', dependsOn: [] }] };
  if (contract === 'ballot' && prompt.includes('voted down')) return { choice: 'reject', reasons: ['too short'], claims: [] };
  if (contract === 'ballot' && prompt.includes('one liar') && call.includes('.peer-2')) return { choice: 'reject', reasons: [], claims: [] };
  return undefined;
});
const task = (id: string, more: object = {}) => ({ id, title: `Do ${id}`, role: 'researcher', ...more });
const start = (more: object) => suite.engine().start({ topology: 'mesh', review: false, maxAgents: 4, ...more });
const run = async (more: object): Promise<SwarmView> => suite.engine().end(await start(more));
const diamond = (prefix: string) => [
  task(`${prefix}1`),
  task(`${prefix}2`, { dependsOn: [`${prefix}1`] }),
  task(`${prefix}3`, { dependsOn: [`${prefix}1`] }),
  task(`${prefix}4`, { dependsOn: [`${prefix}2`, `${prefix}3`] }),
];

test('peers run what they own and tell each other the results; the outcome is decided by their signed votes', async () => {
  const view = await run({ tasks: diamond('d'), votes: 'outcome' });
  expect([view.status, view.topology, Object.values(statusesOf(view))]).toEqual(['completed', 'mesh', Array(4).fill('succeeded')]);
  expect(view.votes).toMatchObject([{ electorate: 4, quorum: 3, decided: 'approve', recount: { agrees: true } }]);
  expect(view.votes[0]?.ballots.map(({ voter }) => voter).every((voter) => /^peer-\d$/.test(voter))).toBe(true);
  expect((await suite.events(view.swarmId)).filter(({ type }) => type === 'peer.joined')).toHaveLength(4);
  expect(suite.model().requests.find(({ key }) => key === `${view.swarmId}/d4/answer/1`)?.prompt).toContain('answer to d3/answer/1');
  const keys = suite.asked(view.swarmId);
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  await suite.expectWhole(view);
});

test('a forged vote, an outsider and a vote for another round are on record and change nothing', async () => {
  const open = suite.model().hold(/vote\..*\.peer-[123]/);
  const swarmId = await start({ tasks: [task('f1')], votes: 'outcome' });
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'vote.cast'), 20_000);
  const opened = (await suite.events(swarmId)).find(({ type }) => type === 'vote.opened')?.data['proposal'] as { id: string };
  const mesh = suite.server().client.workflow.getHandle(`${swarmId}/mesh-1`);
  const send = (voter: string, round = 1, signature = 'AAAA') =>
    mesh.signal('peer.ballot', {
      vote: { proposal: opened.id, round, voter, value: ['reject'], nonce: 'n' },
      signature,
      claims: [],
      text: { hash: 'h', bytes: 1 },
      usage: { in: 0, out: 0, microUsd: 0 },
    });
  await send('peer-1');
  await send('stranger');
  await send('peer-2', 9);
  await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'vote.cast').length === 4, 20_000);
  open();
  const { status, votes } = await suite.engine().end(swarmId);
  expect([status, votes[0]?.decided, votes[0]?.recount.agrees]).toEqual(['completed', 'approve', true]);
  expect(votes[0]?.ballots.filter(({ why }) => why !== null && why !== 'late').map(({ voter, why }) => [voter, why])).toEqual([
    ['peer-1', 'forged'],
    ['stranger', 'outsider'],
    ['peer-2', 'forged'],
  ]);
});

test('one liar of four changes nothing; peers that all reject have the outcome made again', async () => {
  expect(await run({ objective: 'With one liar.', tasks: [task('l1')], votes: 'outcome' })).toMatchObject({ status: 'completed', votes: [{ decided: 'approve' }] });
  expect(await run({ objective: 'To be voted down.', tasks: [task('v1')], votes: 'outcome' })).toMatchObject({
    status: 'completed',
    disputed: true,
    votes: [{ decided: 'reject' }, { decided: 'reject' }],
  });
});

test('a peer merges; when it dies another one does, and when none can pay the mesh itself', async () => {
  const open = suite.model().hold(/swarm\/aggregate\/1/);
  const swarmId = await start({ tasks: diamond('m') });
  await suite.whenAsked(swarmId, 'swarm/aggregate/1');
  // Whoever has the call open is the one that merges.
  const { client } = suite.server();
  const merging = async (except = ''): Promise<string | undefined> => {
    for (const peer of ['peer-1', 'peer-2', 'peer-3', 'peer-4'].filter((name) => name !== except)) {
      const { raw } = await client.workflow.getHandle(`${swarmId}/mesh-1/${peer}`).describe();
      if ((raw.pendingActivities ?? []).length > 0) return peer;
    }
    return undefined;
  };
  const first = (await vi.waitUntil(() => merging(), { timeout: 20_000, interval: 100 })) ?? '';
  await client.workflow.getHandle(`${swarmId}/mesh-1/${first}`).terminate('test');
  const second = await vi.waitUntil(() => merging(first), { timeout: 20_000, interval: 100 });
  open();
  const view = await suite.engine().end(swarmId);
  const merged = (await suite.events(swarmId)).find(({ type }) => type === 'result.aggregated');
  expect([view.status, merged?.agentId]).toEqual(['completed', expect.stringMatching(new RegExp(`^aggregator-\\d@${second}$`))]);
  await suite.expectWhole(view, ['swarm/aggregate/1']);

  const poor = await run({ tasks: diamond('p'), budgetTokens: 12_000 });
  expect(poor.usage.inputTokens + poor.usage.outputTokens).toBeLessThanOrEqual(12_000);
  await suite.expectWhole(poor);
});

test('an idle peer takes work from a loaded one', async () => {
  // Two places for each of two peers; the first one's first tasks hang, so that what waits behind them is taken over.
  const open = suite.model().hold(/\/s[13]\/answer/);
  const swarmId = await start({ tasks: Array.from({ length: 8 }, (_, i) => task(`s${i + 1}`)), maxAgents: 2 });
  await vi.waitUntil(() => suite.asked(swarmId).filter((key) => key.includes('/answer/')).length === 8, 30_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect(view.status).toBe('completed');
  const moved = (await suite.events(swarmId)).filter(({ type }) => type === 'task.moved');
  expect(moved.length).toBeGreaterThan(0);
  await suite.expectWhole(view);
});

test('a task that fails takes those of other peers with it; sub-tasks are waited for across peers', async () => {
  const failed = await run({ tasks: [task('broken'), task('n1', { dependsOn: ['broken'] }), task('n2', { dependsOn: ['n1'] }), task('free')] });
  expect([failed.status, statusesOf(failed)]).toEqual(['failed', { broken: 'failed', n1: 'skipped', n2: 'skipped', free: 'succeeded' }]);
  await suite.expectWhole(failed);
  const split = await run({ tasks: [task('split', { output: 'plan' }), task('after', { dependsOn: ['split'] })] });
  expect([split.status, statusesOf(split)]).toEqual(['completed', { split: 'succeeded', after: 'succeeded', 'split.a': 'succeeded' }]);
  expect(suite.model().requests.find(({ key }) => key === `${split.swarmId}/after/answer/1`)?.prompt).toContain('answer to split.a/answer/1');
});

test('up to f peers die: their tasks go to others, no settled task is done again, and the vote stands', async () => {
  const open = suite.model().hold(/\/k[12]\/answer/);
  const swarmId = await start({ tasks: diamond('k'), votes: 'outcome' });
  await suite.whenAsked(swarmId, 'k1/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/mesh-1/peer-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'peer.lost'), 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, Object.values(statusesOf(view)), view.votes[0]?.decided, view.votes[0]?.electorate]).toEqual(['completed', Array(4).fill('succeeded'), 'approve', 4]);
  // The call that was held when its peer died may be asked for again, under the same key.
  await suite.expectWhole(view, ['k1/answer/1']);
});

test('a mesh that dies is replaced with all its peers', async () => {
  const open = suite.model().hold(/\/m2\/answer/);
  const swarmId = await start({ tasks: diamond('m') });
  await suite.whenAsked(swarmId, 'm2/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/mesh-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'swarm.coordinatorReplaced'), 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, Object.values(statusesOf(view))]).toEqual(['completed', Array(4).fill('succeeded')]);
  await suite.expectWhole(view, ['m2/answer/1']);
});

test('pause, an added task, resume and cancel reach every peer; a budget is never overshot', async () => {
  const open = suite.model().hold(/\/p1\/answer/);
  const swarmId = await start({ tasks: diamond('p') });
  await suite.whenAsked(swarmId, 'p1/answer/1');
  const { swarms } = suite.engine();
  await swarms.pause(swarmId);
  await swarms.addTasks(swarmId, [task('pmore', { dependsOn: ['p4'] })]);
  open();
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'task.succeeded'), 20_000);
  expect(suite.asked(swarmId)).toEqual(['p1/answer/1']);
  await swarms.resume(swarmId);
  const view = await suite.engine().end(swarmId);
  expect([view.status, statusesOf(view)['pmore']]).toEqual(['completed', 'succeeded']);
  await suite.expectWhole(view);

  const release = suite.model().hold(/\/c1\/answer/);
  const cancelled = await start({ tasks: diamond('c') });
  await suite.whenAsked(cancelled, 'c1/answer/1');
  await swarms.cancel(cancelled);
  const ended = await suite.engine().end(cancelled);
  release();
  expect(ended.status).toBe('cancelled');
  await suite.expectWhole(ended);

  const poor = await run({ tasks: Array.from({ length: 20 }, (_, i) => task(`b${i}`)), budgetTokens: 3_000 });
  expect(poor.status).toBe('budget_exhausted');
  expect(poor.usage.inputTokens + poor.usage.outputTokens).toBeLessThanOrEqual(3_000);
  expect(poor.tasks.some(({ status }) => status === 'succeeded')).toBe(true);
});

test('a peer that does not answer is asked five times, then left alone; when it is dead its tasks go to the others', { timeout: 120_000 }, async () => {
  const open = suite.model().hold(/\/b\d+\/answer/);
  const swarmId = await start({ tasks: Array.from({ length: 8 }, (_, i) => task(`b${i + 1}`)), maxAgents: 2 });
  await vi.waitUntil(() => suite.asked(swarmId).filter((key) => key.includes('/answer/')).length === 2, 20_000);
  const [silent, other] = ['peer-1', 'peer-2'].map((name) => suite.server().client.workflow.getHandle(`${swarmId}/mesh-1/${name}`));
  if (!silent || !other) throw new Error('no peers');
  // The other one must know that there is work to spare, or it asks nobody.
  const knows = async (): Promise<boolean> =>
    ((await other.fetchHistory()).events ?? []).some(({ workflowExecutionSignaledEventAttributes: signal }) =>
      (signal?.input?.payloads ?? []).some(({ data }) => signal?.signalName === 'peer.message' && Buffer.from(data ?? []).includes('"load"')),
    );
  await vi.waitUntil(knows, { timeout: 20_000, interval: 100 });
  // A message that no peer sends: its workflow task fails from now on, so it says nothing more, and yet it is not dead.
  await silent.signal('peer.message', { from: 'peer-2', items: [null] });
  await vi.waitUntil(async () => ((await silent.fetchHistory()).events ?? []).some(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes), 20_000);
  open();
  /** Times that the other one has waited in vain for work. */
  const waits = async (): Promise<number> =>
    ((await other.fetchHistory()).events ?? []).filter(
      ({ timerStartedEventAttributes, userMetadata }) => timerStartedEventAttributes && Buffer.from(userMetadata?.summary?.data ?? []).includes('asks peer-1'),
    ).length;
  await vi.waitUntil(async () => (await waits()) === 5, { timeout: 60_000, interval: 200 });
  // It waits 5 s for each answer: two more would be under way by the time this has been looked at.
  const until = Date.now() + 11_000;
  await vi.waitUntil(() => Date.now() > until, 20_000);
  expect(await waits()).toBe(5);
  await silent.terminate('test');
  const view = await suite.engine().end(swarmId);
  expect([view.status, new Set(Object.values(statusesOf(view)))]).toEqual(['completed', new Set(['succeeded'])]);
  await suite.expectWhole(view, ['b1/answer/1']);
});
