import { expect, test, vi } from 'vitest';
import { createVoteKeyActivities } from '../../activities/vote-keys.js';
import { SwarmError } from '../../domain/errors.js';
import type { VoteView } from '../../domain/vote-view.js';
import { ballotSignal } from '../../workflows/messages.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** Votes on a real server with as many liars as a quorum tolerates: what they say, repeat, forge or keep to themselves changes no decision. */
const KINDS = ['flip', 'silence', 'nonsense', 'refuted', 'late'] as const;
const HONEST = { good: 'approve', bad: 'reject' } as const;
const OTHER = { approve: 'reject', reject: 'approve' } as const;

/** A task's id is its script: what honest voters think of it, how its liars lie, and who they are. */
const scriptOf = (id: string) => {
  const [worth = '', kind = '', liars = ''] = id.split('.');
  return worth in HONEST ? { honest: HONEST[worth as keyof typeof HONEST], kind, liars: liars.split('_') } : null;
};
const suite = engineSuite(({ call, contract }) => {
  if (contract !== 'ballot') return undefined;
  const id = call.slice(0, call.indexOf('/'));
  const lie = scriptOf(id);
  if (call.includes('.peer-2')) return new SwarmError({ code: 'provider_rejected', message: 'the liar says nothing of its own' });
  const role = /\.(\w+)-voter-/.exec(call)?.[1] ?? '';
  if (!lie) return undefined;
  const ballot = (choice: string, claims: readonly object[] = []) => ({ choice, reasons: ['because'], claims });
  if (!lie.liars.includes(role)) return ballot(lie.honest);
  if (lie.kind === 'silence') return new SwarmError({ code: 'provider_rejected', message: 'silent' });
  if (lie.kind === 'nonsense') return ballot('perhaps');
  return ballot(OTHER[lie.honest], lie.kind === 'refuted' ? [{ kind: 'output', source: id, quote: 'the moon is made of cheese' }] : []);
});

const PANELS = [
  { voters: 4, liars: ['architect', 'coder', 'queen', 'analyst'] },
  { voters: 7, liars: ['architect_coder', 'queen_analyst', 'researcher_tester', 'reviewer_architect'] },
] as const;
const SWARMS_PER_PANEL = 8;
const TASKS = 84;
const tasksOf = (liars: readonly string[], seed: number) =>
  Array.from({ length: TASKS }, (_, i) => {
    const n = seed * TASKS + i;
    const [worth, kind, who] = [n % 2 === 0 ? 'good' : 'bad', KINDS[Math.floor(n / 2) % KINDS.length] ?? '', liars[Math.floor(n / 10) % liars.length] ?? ''];
    return { id: `${worth}.${kind}.${who}.${n}`, title: `Do ${n}`, role: 'researcher' };
  });

const expectedOf = ({ id }: VoteView): string => scriptOf(id)?.honest ?? 'approve';

test('2,000 decisions of panels with as many liars as they tolerate: not one is changed', { timeout: 400_000 }, async () => {
  const open = suite.model().hold(/\/\w+\.late\.(?:\w+_)?(\w+?)(?:_\w+)?\.\d+\/vote\.[^/]*\.\1-voter/);
  const votes: VoteView[] = [];
  const work = PANELS.flatMap(({ voters, liars }) => Array.from({ length: SWARMS_PER_PANEL }, (_, seed) => ({ voters, tasks: tasksOf(liars, seed) })));
  const worker = async (): Promise<void> => {
    for (let next = work.pop(); next; next = work.pop()) {
      const view = await suite.engine().run({ votes: 'tasks', maxAgents: TASKS, ...next });
      expect(view.status).toBe('completed');
      votes.push(...view.votes);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  open();
  const changed = votes.filter((vote) => vote.decided !== expectedOf(vote) || !vote.recount.agrees);
  expect(changed.map(({ id, decided, path }) => ({ id, decided, path }))).toEqual([]);
  expect(votes.length).toBeGreaterThanOrEqual(2_000);
  // The liars were heard: each kind is on record, or its silence is.
  const reasons = new Set(votes.flatMap(({ ballots }) => ballots.map(({ why }) => why)));
  expect([...reasons].some((why) => why === 'invalid') && [...reasons].some((why) => why?.includes('cheese'))).toBe(true);
  expect(votes.some(({ ballots }) => ballots.some(({ counted, value }, _, all) => counted && value !== all[0]?.value))).toBe(true);
  console.log(`${votes.length} decisions, ${changed.length} changed`);
});

const REPEATS = 5;
type Lie = (send: (vote: { voter?: string; value?: string; round?: number; proposal?: string }) => Promise<void>) => Promise<unknown>;
const LIES: Readonly<Record<string, { readonly lie: Lie; readonly reasons: readonly (string | null)[] }>> = {
  flip: { lie: (send) => send({}), reasons: [null] },
  equivocate: { lie: async (send) => [await send({}), await send({ value: 'approve' })], reasons: [null, 'repeated'] },
  repeat: { lie: async (send) => [await send({}), await send({}), await send({})], reasons: [null, 'repeated', 'repeated'] },
  forge: { lie: async (send) => [await send({ voter: 'peer-1' }), await send({ voter: 'peer-3' })], reasons: ['forged', 'forged'] },
  'old round': { lie: async (send) => [await send({ round: 0 }), await send({ round: 7 })], reasons: ['other_round', 'other_round'] },
  'other vote': { lie: (send) => send({ proposal: 'swarm-00000000-peers' }), reasons: ['other_proposal'] },
  outsider: { lie: (send) => send({ voter: 'peer-99' }), reasons: ['outsider'] },
  silence: { lie: () => Promise.resolve(), reasons: [] },
};

test.each(Object.entries(LIES))('a peer that lies by %s, with its own key, changes nothing', { timeout: 120_000 }, async (_name, { lie, reasons }) => {
  const { client } = suite.server();
  const keys = createVoteKeyActivities({ secrets: suite.engine().storage.secrets });
  await Promise.all(
    Array.from({ length: REPEATS }, async () => {
      const swarmId = await suite.engine().start({ topology: 'mesh', review: false, maxAgents: 4, votes: 'outcome', tasks: [{ id: 't1', title: 'Do t1', role: 'researcher' }] });
      const open = suite.model().hold(new RegExp(`^${swarmId}/.*vote\\..*\\.peer-[134]`));
      await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'vote.opened'), { timeout: 60_000, interval: 100 });
      const opened = (await suite.events(swarmId)).find(({ type }) => type === 'vote.opened');
      const id = (opened?.data['proposal'] as { id: string } | undefined)?.id ?? '';
      const mesh = client.workflow.getHandle(`${swarmId}/mesh-1`);
      let sent = 0;
      await lie(async ({ voter = 'peer-2', value = 'reject', round = 1, proposal = id }) => {
        const vote = { proposal, round, voter, value: [value], nonce: `n${(sent += 1)}` };
        // Whatever it claims to be, it has the key of peer-2 only.
        const signature = await keys.signVote({ ...vote, voter: `${swarmId}/mesh-1/peer-2` });
        await mesh.signal(ballotSignal, { vote, signature, claims: [], text: { hash: 'h', bytes: 1 }, usage: { in: 0, out: 0, microUsd: 0 } });
      });
      await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'vote.cast').length >= reasons.length, { timeout: 30_000, interval: 100 });
      open();
      const { status, votes } = await suite.engine().end(swarmId);
      expect([status, votes[0]?.decided, votes[0]?.recount.agrees]).toEqual(['completed', 'approve', true]);
      expect(votes[0]?.ballots.slice(0, reasons.length).map(({ why }) => why)).toEqual(reasons);
    }),
  );
});
