import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  BALLOT_RULES,
  cast,
  closeRound,
  hasVoted,
  openBox,
  recount,
  validateProposal,
  type Arrival,
  type BallotBox,
  type BallotRules,
  type Proposal,
  type Refusal,
} from '../../domain/ballot.js';
import { faultsTolerated, quorumOf, tallyVotes, type VoteForm } from '../../domain/tally.js';

/** promises.md section 2: six properties that the rules in use keep, and that each known bug of a tally breaks. */
const CASES = 10_000;
const ROUND_MS = 1_000;
/** fast-check prints the seed of a failure; `CF_SEED` draws the same cases again. */
const SEED = process.env['CF_SEED'] === undefined ? {} : { seed: Number(process.env['CF_SEED']) };

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 40 }).map((f) => 3 * f + 1),
  fc.constantFrom(...Array.from({ length: 17 }, (_, i) => 50 + 3 * i), 100),
  fc.integer({ min: 4, max: 120 }),
);
const name = (i: number): string => `v${i}`;
const proposalOf = (n: number, more: Partial<Proposal> = {}): Proposal => ({
  id: 'p',
  question: 'Which?',
  form: 'choice',
  options: ['a', 'b', 'c'],
  electorate: Array.from({ length: n }, (_, i) => ({ id: name(i), weight: 1 })),
  rounds: 1,
  roundMs: ROUND_MS,
  ...more,
});
const vote = (voter: string, value: string, round = 1): Arrival => ({
  ballot: { proposal: 'p', round, voter, value: [value] },
  at: (round - 1) * ROUND_MS + 10,
  isAuthentic: true,
});

/** Arrivals of each round, filed in order; an undecided round is closed at its end. */
const hold = (proposal: Proposal, rounds: readonly (readonly Arrival[])[], rules: BallotRules): BallotBox => {
  const box = openBox(proposal, 0);
  for (const [i, arrivals] of rounds.entries()) {
    for (const arrival of arrivals) cast(box, arrival, rules);
    closeRound(box, (i + 1) * ROUND_MS, rules);
  }
  return box;
};
const resultOf = ({ decided, status, path }: BallotBox) => ({ decided, status, path });
const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
const value = fc.constantFrom('a', 'b', 'c');

/** A property of a set of rules as one that a runner takes, whatever it draws. */
type Property = (rules: BallotRules) => Held;
/** The report of a failure, or nothing. */
type Held = (options: { readonly numRuns: number; readonly endOnFailure?: boolean }) => string | undefined;
const holds =
  <Drawn>(arbitrary: fc.Arbitrary<Drawn>, predicate: (drawn: Drawn) => void): Held =>
  (options) =>
    fc.defaultReportMessage(fc.check(fc.property(arbitrary, predicate), { ...options, ...SEED }));

/** What one of the f liars may send when everybody honest says "a": nothing, another value, nonsense, the same twice, two values, late or old votes, or votes in the name of others. */
const lie = (voter: string, n: number): fc.Arbitrary<readonly Arrival[]> =>
  fc.oneof(
    fc.constant([]),
    value.map((said) => [vote(voter, said)]),
    fc.constant([vote(voter, 'nonsense')]),
    fc.constant([vote(voter, 'b'), vote(voter, 'b')]),
    fc.constant([vote(voter, 'b'), vote(voter, 'c')]),
    fc.constant([{ ...vote(voter, 'b'), at: ROUND_MS + 1 }]),
    fc.constant([vote(voter, 'b', 0)]),
    fc.nat({ max: n - 1 }).map((i) => [{ ...vote(name(i), 'b'), isAuthentic: false }, vote(`stranger of ${voter}`, 'b')]),
  );

/** Up to f of n voters lie. */
const crowd = sizes.chain((n) => fc.record({ n: fc.constant(n), liars: fc.nat({ max: faultsTolerated(n) }) }));

/** (a) Unanimity of the honest survives f liars. */
const unanimity: Property = (rules) =>
  holds(
    crowd.chain(({ n, liars }) =>
      fc
        .tuple(...Array.from({ length: liars }, (_, i) => lie(name(i), n)))
        .chain((lies) => shuffled([...lies.flat(), ...Array.from({ length: n - liars }, (_, i) => vote(name(liars + i), 'a'))]))
        .map((arrivals) => ({ n, arrivals })),
    ),
    ({ n, arrivals }) => {
      expect(hold(proposalOf(n), [arrivals], rules).decided).toBe('a');
    },
  );

/** (c) A worst-case split, and liars who tell two tallies different things. */
const noTwoDecisions: Property = (rules) =>
  holds(fc.record({ n: sizes, shift: fc.integer({ min: -1, max: 1 }), silent: fc.integer({ min: 0, max: 3 }) }), ({ n, shift, silent }) => {
    const f = faultsTolerated(n);
    const honest = n - f;
    const forA = Math.min(honest, Math.max(0, Math.floor(honest / 2) + shift));
    const said = Array.from({ length: Math.max(0, honest - silent) }, (_, i) => vote(name(f + i), i < forA ? 'a' : 'b'));
    const told = (lied: string) => hold(proposalOf(n), [[...said, ...Array.from({ length: f }, (_, i) => vote(name(i), lied))]], rules).decided;
    const decisions = new Set([told('a'), told('b')].filter((decided) => decided !== null));
    expect(decisions.size).toBeLessThanOrEqual(1);
  });

/** (b) Decided implies f+1 honest votes. */
const enoughHonest: Property = (rules) =>
  holds(
    sizes.chain((n) => fc.record({ n: fc.constant(n), honest: fc.array(value, { maxLength: n - faultsTolerated(n) }), lied: value })),
    ({ n, honest, lied }) => {
      const f = faultsTolerated(n);
      const box = hold(proposalOf(n), [[...Array.from({ length: f }, (_, i) => vote(name(i), lied)), ...honest.map((said, i) => vote(name(f + i), said))]], rules);
      if (box.decided !== null) expect(honest.filter((said) => said === box.decided).length).toBeGreaterThanOrEqual(f + 1);
    },
  );

const NOISE: Readonly<Record<string, (n: number, round: number, i: number) => Arrival>> = {
  outsider: (_n, round, i) => vote(`stranger${i}`, 'b', round),
  forged: (n, round, i) => ({ ...vote(name(i % n), 'b', round), isAuthentic: false }),
  late: (n, round, i) => ({ ...vote(name(i % n), 'b', round), at: round * ROUND_MS + 1 }),
  'old round': (n, round, i) => vote(name(i % n), 'b', round - 1),
  'other proposal': (n, round, i) => ({ ...vote(name(i % n), 'b', round), ballot: { proposal: 'q', round, voter: name(i % n), value: ['b'] } }),
};
const noise = fc.record({ kind: fc.constantFrom(...Object.keys(NOISE)), from: fc.nat({ max: 200 }), at: fc.double({ min: 0, max: 1, noNaN: true }) });

/** (e) Forged, outside, late and old-round votes are no-ops anywhere in the order. */
const strangersChangeNothing: Property = (rules) =>
  holds(
    sizes.chain((n) =>
      fc.record({
        n: fc.constant(n),
        rounds: fc.array(fc.array(value, { maxLength: n }), { minLength: 2, maxLength: 2 }),
        noises: fc.array(noise, { minLength: 1, maxLength: 40 }),
      }),
    ),
    ({ n, rounds, noises }) => {
      const honest = rounds.map((said, r) => said.map((option, i) => vote(name(i), option, r + 1)));
      const noisy = honest.map((arrivals, r) => {
        const all = [...arrivals];
        for (const { kind, from, at } of noises) all.splice(Math.floor(at * (all.length + 1)), 0, NOISE[kind]!(n, r + 1, from));
        return all;
      });
      const proposal = proposalOf(n, { rounds: 2 });
      expect(resultOf(hold(proposal, noisy, rules))).toEqual(resultOf(hold(proposal, honest, rules)));
    },
  );

/** (e) Re-votes after the fact change nothing. */
const revotesChangeNothing: Property = (rules) =>
  holds(
    sizes.chain((n) =>
      fc.record({
        n: fc.constant(n),
        said: fc.array(value, { minLength: 1, maxLength: n }),
        again: fc.array(fc.tuple(fc.nat({ max: 200 }), value), { minLength: 1, maxLength: 60 }),
      }),
    ),
    ({ n, said, again }) => {
      const once = said.map((option, i) => vote(name(i), option));
      const twice = [...once];
      for (const [who, option] of again) {
        const i = who % said.length;
        const first = twice.findIndex(({ ballot }) => ballot.voter === name(i));
        twice.splice(first + 1, 0, vote(name(i), option));
      }
      expect(resultOf(hold(proposalOf(n), [twice], rules))).toEqual(resultOf(hold(proposalOf(n), [once], rules)));
    },
  );

/** (d) Below the quorum means `no_quorum`. */
const noGuess: Property = (rules) =>
  holds(
    sizes.chain((n) => fc.record({ n: fc.constant(n), short: fc.integer({ min: 1, max: quorumOf(n) }), rounds: fc.integer({ min: 1, max: 3 }) })),
    ({ n, short, rounds }) => {
      const arrivals = Array.from({ length: rounds }, (_, r) => Array.from({ length: quorumOf(n) - short }, (__, i) => vote(name(i), 'b', r + 1)));
      const box = hold(proposalOf(n, { rounds }), arrivals, rules);
      expect([box.decided, box.status, box.path.length]).toEqual([null, 'no_quorum', rounds]);
    },
  );

const PROPERTIES = { unanimity, noTwoDecisions, enoughHonest, strangersChangeNothing, revotesChangeNothing, noGuess } as const;

const without = (why: Refusal): BallotRules => ({ ...BALLOT_RULES, admission: BALLOT_RULES.admission.filter((rule) => rule.why !== why) });
const withQuorum = (quorum: (n: number) => number): BallotRules => ({ ...BALLOT_RULES, quorum: ({ proposal }) => quorum(proposal.electorate.length) });
/** Decides a closed round that gave no decision. */
const withFallback = (choose: (counts: readonly number[]) => number): BallotRules => ({
  ...BALLOT_RULES,
  tally: (form, options, votes, electorate, quorum) => {
    const tally = tallyVotes(form, options, votes, electorate, quorum);
    return tally.decided === null && electorate.open === 0 ? { ...tally, decided: options[choose(tally.counts)] ?? null } : tally;
  },
});

/** Each bug with the property that catches it. */
const MUTANTS: readonly (readonly [bug: string, property: keyof typeof PROPERTIES, rules: BallotRules])[] = [
  ['accept outsider', 'strangersChangeNothing', without('outsider')],
  ['skip signature', 'strangersChangeNothing', without('forged')],
  ['late', 'strangersChangeNothing', without('late')],
  ['old round', 'strangersChangeNothing', without('other_round')],
  ['count duplicates', 'revotesChangeNothing', without('repeated')],
  [
    'last vote wins',
    'revotesChangeNothing',
    {
      ...BALLOT_RULES,
      admission: BALLOT_RULES.admission.map((rule) => ({
        ...rule,
        refuses: (box, arrival) => {
          if (!rule.refuses(box, arrival)) return false;
          if (rule.why !== 'repeated') return true;
          box.entries.splice(
            box.entries.findIndex(({ voter, why }) => voter === arrival.ballot.voter && why === null),
            1,
          );
          return false;
        },
      })),
    },
  ],
  [
    'denominator = cast',
    'enoughHonest',
    { ...BALLOT_RULES, quorum: ({ entries, round }) => quorumOf(entries.filter(({ filedIn, why }) => filedIn === round && why === null).length) },
  ],
  ['majority', 'enoughHonest', withQuorum((n) => Math.floor(n / 2) + 1)],
  ['floor of 0.66', 'noTwoDecisions', withQuorum((n) => Math.floor(0.66 * n))],
  ['ceil of 0.66', 'noTwoDecisions', withQuorum((n) => Math.ceil(0.66 * n))],
  ['round of 0.66', 'noTwoDecisions', withQuorum((n) => Math.round(0.66 * n))],
  ['q − 1', 'noTwoDecisions', withQuorum((n) => quorumOf(n) - 1)],
  ['plurality fallback', 'noGuess', withFallback((counts) => counts.indexOf(Math.max(...counts)))],
  ['queen decides', 'noGuess', withFallback(() => 0)],
  ['empty = yes', 'noGuess', withFallback((counts) => (counts.every((count) => count === 0) ? 0 : -1))],
];

describe('votes', () => {
  test.each(Object.entries(PROPERTIES))(`%s (${CASES} cases)`, { timeout: 240_000 }, (_, property) => {
    expect(property(BALLOT_RULES)({ numRuns: CASES })).toBeUndefined();
  });
  test.each(MUTANTS)('a tally with the bug "%s" breaks %s', { timeout: 240_000 }, (_, property, rules) => {
    expect(PROPERTIES[property](rules)({ numRuns: CASES, endOnFailure: true })).toContain('Property failed');
  });
});

describe('a tally', () => {
  test('the quorum is of the electorate; ceil(0.66 n) is unsafe for 102 of the sizes 1..200, first at 50', () => {
    const unsafe = Array.from({ length: 200 }, (_, i) => i + 1).filter((n) => Math.ceil(0.66 * n) < quorumOf(n) && n >= 50);
    expect([1, 3, 4, 7, 10, 50, 100].map(quorumOf)).toEqual([1, 3, 3, 5, 7, 34, 67]);
    expect(unsafe[0]).toBe(50);
  });
  const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 20 });
  const ballots = (n: number) => fc.array(fc.oneof(fc.constant(null), fc.uniqueArray(value, { minLength: 1, maxLength: 3 })), { minLength: n, maxLength: n });

  test.each(['choice', 'approval', 'ranked'] as const)(
    '%s: an early decision is what all votes give, in any order, and the recount agrees',
    { timeout: 120_000 },
    (form: VoteForm) => {
      const cases = weights.chain((drawn) =>
        fc.record({ drawn: fc.constant(drawn), said: ballots(drawn.length), order: shuffled(drawn.map((_, i) => i)), isWeighted: fc.boolean() }),
      );
      fc.assert(
        fc.property(cases, ({ drawn, said, order, isWeighted }) => {
          const electorate = drawn.map((weight, i) => ({ id: name(i), weight: isWeighted ? weight : 1 }));
          const proposal = proposalOf(drawn.length, { form, electorate });
          const arrivals = order.flatMap((i) => {
            const chosen = form === 'choice' ? said[i]?.slice(0, 1) : said[i];
            return chosen ? [{ ...vote(name(i), ''), ballot: { proposal: 'p', round: 1, voter: name(i), value: chosen } }] : [];
          });
          const box = hold(proposal, [arrivals], BALLOT_RULES);
          const total = electorate.reduce((sum, { weight }) => sum + weight, 0);
          const all = arrivals.map(({ ballot }) => ({ value: ballot.value, weight: electorate.find(({ id }) => id === ballot.voter)?.weight ?? 0 }));
          expect(box.decided).toBe(tallyVotes(form, proposal.options, all, { total, open: 0 }).decided);
          expect(recount(box)).toEqual({ decided: box.decided, agrees: true });
        }),
        { numRuns: CASES, ...SEED },
      );
    },
  );
  test('approval ties go to the option that was listed first; a run-off drops the weakest', () => {
    const approve = (voter: number, options: readonly string[]): Arrival => ({ ...vote(name(voter), ''), ballot: { proposal: 'p', round: 1, voter: name(voter), value: options } });
    const tied = hold(proposalOf(4, { form: 'approval' }), [[0, 1, 2, 3].map((i) => approve(i, ['b', 'a']))], BALLOT_RULES);
    expect(tied.decided).toBe('a');
    const runOff = hold(proposalOf(4, { form: 'ranked' }), [[approve(0, ['a']), approve(1, ['a']), approve(2, ['c', 'a']), approve(3, ['b'])]], BALLOT_RULES);
    expect(runOff.decided).toBe('a');
  });
  test('refuted evidence makes a ballot an abstention that is shown, and is that voter’s vote', () => {
    const box = openBox(proposalOf(4), 0);
    expect(cast(box, { ...vote('v0', 'a'), refuted: 'no such file' })).toMatchObject({ why: 'refuted', refuted: 'no such file' });
    expect(cast(box, vote('v0', 'a')).why).toBe('repeated');
    for (const voter of ['v1', 'v2']) cast(box, vote(voter, 'a'));
    expect(box.decided).toBeNull();
    cast(box, vote('v3', 'a'));
    expect([box.decided, recount(box).agrees]).toEqual(['a', true]);
  });
  test('a ballot forged in a voter’s name does not take its say away; an invalid one of its own does', () => {
    const box = openBox(proposalOf(4), 0);
    cast(box, { ...vote('v0', 'b'), isAuthentic: false });
    cast(box, vote('v1', 'nonsense'));
    expect(['v0', 'v1', 'v2'].map((voter) => hasVoted(box, voter))).toEqual([false, true, false]);
  });
  test('a proposal that can’t be voted on says why', () => {
    expect(validateProposal(proposalOf(4))).toEqual([]);
    const heavy = proposalOf(4, {
      electorate: [
        { id: 'a', weight: 5 },
        { id: 'b', weight: 1 },
        { id: 'c', weight: 1 },
      ],
    });
    expect(validateProposal(heavy)).toEqual(['No voter may hold more than a quarter of all weight.']);
    expect(validateProposal(proposalOf(0, { options: [], rounds: 0 }))).toHaveLength(3);
  });
});
