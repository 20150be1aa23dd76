import type { BlobRef } from './model-call.js';
import { quorumOf, tallyVotes, type CountedVote, type Tally, type VoteForm } from './tally.js';

/**
 * One vote of a frozen electorate, as its sequencer keeps it: every ballot that arrived, in order, with the reason why it does not count.
 * Voters may lie, stay silent, repeat, come late or forge (promises.md section 2); all functions are pure but for the box they are given.
 */

export interface Voter {
  readonly id: string;
  /** Whole number; 1 unless the vote is weighted. */
  readonly weight: number;
}

export interface Proposal {
  /** Unique in the swarm. */
  readonly id: string;
  readonly question: string;
  readonly form: VoteForm;
  /** In the order that breaks ties, fixed at opening. */
  readonly options: readonly string[];
  readonly electorate: readonly Voter[];
  readonly rounds: number;
  /** How long a round stays open. */
  readonly roundMs: number;
}

export const VOTE_DEFAULTS = { rounds: 3, roundMs: 30_000, participation: 0.51 } as const;

export interface Ballot {
  readonly proposal: string;
  readonly round: number;
  readonly voter: string;
  /** One option, those approved, or all that are ranked; see `VoteForm`. */
  readonly value: readonly string[];
  /** The whole answer behind it. */
  readonly text?: Pick<BlobRef, 'hash' | 'bytes'>;
}

/** A ballot with what its sequencer knows of its arrival. */
export interface Arrival {
  readonly ballot: Ballot;
  /** Ms since 1970, workflow time. */
  readonly at: number;
  /** It is the result of a call this run made for that voter, or its signature was verified. */
  readonly isAuthentic: boolean;
  /** Evidence that an activity looked up and found wrong: the ballot becomes an abstention. */
  readonly refuted?: string | null;
}

export const REFUSALS = ['outsider', 'forged', 'other_proposal', 'other_round', 'late', 'repeated', 'invalid', 'refuted'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Entry extends Ballot {
  readonly at: number;
  /** The round that was open when it arrived, whatever it claims. */
  readonly filedIn: number;
  /** What it weighs where it counts. */
  readonly weight: number;
  /** Why it does not count; null when it does. */
  readonly why: Refusal | null;
  readonly refuted: string | null;
}

/** How a round ended without a decision. */
export interface RoundEnd {
  readonly round: number;
  readonly at: number;
  readonly why: 'split' | 'participation';
}

export interface BallotBox {
  readonly proposal: Proposal;
  round: number;
  closesAt: number;
  readonly entries: Entry[];
  readonly path: RoundEnd[];
  /** Set once and never changed. */
  decided: string | null;
  /** What its coordinator said the result was; undefined before it did. */
  announced?: string | null;
  /** Without a quorum, a person is asked. */
  asks?: boolean;
  /** What that person decided; it is no part of the tally. */
  judged?: Judgement;
  /** `no_quorum` after the last round. */
  status: 'open' | 'decided' | 'no_quorum';
}

/** What a person may say of an outcome that voters could not decide. */
export const JUDGEMENTS = ['approve', 'reject'] as const;
export type Judgement = (typeof JUDGEMENTS)[number];

/** The decisions a vote is made of; one set is in use, the tests break each of them. */
export interface BallotRules {
  readonly admission: readonly AdmissionRule[];
  readonly quorum: (box: BallotBox) => number;
  readonly tally: typeof tallyVotes;
}

/** Looks at one arrival; the first rule that refuses names why. */
export interface AdmissionRule {
  readonly why: Refusal;
  readonly refuses: (box: BallotBox, arrival: Arrival) => boolean;
}

const memberOf = ({ proposal }: BallotBox, voter: string): Voter | undefined => proposal.electorate.find(({ id }) => id === voter);
const weightOf = (box: BallotBox, voter: string): number => memberOf(box, voter)?.weight ?? 1;
/** Only these were a voter's own word in this round; an invalid one is its vote too, and counts as an abstention. */
const OWN_WORD: ReadonlySet<Refusal | null> = new Set([null, 'invalid', 'refuted']);
/** Whether the voter has had its say in the open round; a ballot forged in its name is not its own. */
export const hasVoted = ({ entries, round }: BallotBox, voter: string): boolean =>
  entries.some((entry) => entry.voter === voter && entry.filedIn === round && OWN_WORD.has(entry.why));

const isValidValue = ({ form, options }: Proposal, value: readonly string[]): boolean =>
  value.length > 0 && new Set(value).size === value.length && value.every((option) => options.includes(option)) && (form !== 'choice' || value.length === 1);

export const BALLOT_RULES: BallotRules = {
  admission: [
    { why: 'other_proposal', refuses: ({ proposal }, { ballot }) => ballot.proposal !== proposal.id },
    { why: 'outsider', refuses: (box, { ballot }) => memberOf(box, ballot.voter) === undefined },
    { why: 'forged', refuses: (_, { isAuthentic }) => !isAuthentic },
    { why: 'other_round', refuses: ({ round }, { ballot }) => ballot.round !== round },
    { why: 'late', refuses: ({ closesAt, status }, { at }) => status !== 'open' || at > closesAt },
    { why: 'repeated', refuses: (box, { ballot }) => hasVoted(box, ballot.voter) },
    { why: 'invalid', refuses: ({ proposal }, { ballot }) => !isValidValue(proposal, ballot.value) },
    { why: 'refuted', refuses: (_, { refuted }) => (refuted ?? null) !== null },
  ],
  quorum: ({ proposal }) => quorumOf(totalOf(proposal)),
  tally: tallyVotes,
};

/** It waits for a person. */
export const isAskedFor = ({ asks, judged }: Pick<BallotBox, 'asks' | 'judged'>): boolean => asks === true && judged === undefined;

export const totalOf = ({ electorate }: Proposal): number => electorate.reduce((sum, { weight }) => sum + weight, 0);

/** Why a proposal can't be put to the vote; empty when it can. */
export const validateProposal = ({ options, electorate, rounds, roundMs }: Proposal): readonly string[] => {
  const total = electorate.reduce((sum, { weight }) => sum + weight, 0);
  const isWeighted = electorate.some(({ weight }) => weight !== 1);
  return [
    ...(options.length === 0 || new Set(options).size !== options.length ? ['Options must be different, and at least one.'] : []),
    ...(electorate.length === 0 || new Set(electorate.map(({ id }) => id)).size !== electorate.length ? ['Voters must be different, and at least one.'] : []),
    ...(electorate.some(({ weight }) => !Number.isInteger(weight) || weight < 1) ? ['Weights must be whole numbers from 1.'] : []),
    ...(isWeighted && electorate.some(({ weight }) => weight > total / 4) ? ['No voter may hold more than a quarter of all weight.'] : []),
    ...(rounds >= 1 && roundMs > 0 ? [] : ['A vote needs at least one round of more than 0 ms.']),
  ];
};

export const openBox = (proposal: Proposal, at: number): BallotBox => ({
  proposal,
  round: 1,
  closesAt: at + proposal.roundMs,
  entries: [],
  path: [],
  decided: null,
  status: 'open',
});

/** Files one arrival and decides the moment that is certain; returns what became of it. Whatever arrives, in whatever order, only first authentic votes of members in this round and in time change anything. */
export const cast = (box: BallotBox, { ballot, at, ...arrival }: Arrival, rules: BallotRules = BALLOT_RULES): Entry => {
  const why = rules.admission.find(({ refuses }) => refuses(box, { ballot, at, ...arrival }))?.why ?? null;
  const entry: Entry = { ...ballot, at, filedIn: box.round, weight: weightOf(box, ballot.voter), why, refuted: arrival.refuted ?? null };
  box.entries.push(entry);
  if (why === null && box.status === 'open') decide(box, countRound(box, rules));
  return entry;
};

const decide = (box: BallotBox, { decided }: Tally): void => {
  if (decided === null) return;
  box.decided = decided;
  box.status = 'decided';
};

/** The tally of the current round. `isClosed` counts silent voters as abstentions. */
export const countRound = (box: BallotBox, rules: BallotRules = BALLOT_RULES, isClosed = false): Tally => {
  const { proposal, entries, round } = box;
  const total = totalOf(proposal);
  const own = entries.filter((entry) => entry.filedIn === round && OWN_WORD.has(entry.why));
  const votes: readonly CountedVote[] = own.filter(({ why }) => why === null);
  const open = isClosed ? 0 : Math.max(0, total - own.reduce((sum, { weight }) => sum + weight, 0));
  return rules.tally(proposal.form, proposal.options, votes, { total, open }, rules.quorum(box));
};

/** True when no vote that may still come can change what this round gives. */
export const isRoundOver = (box: BallotBox, at: number): boolean => box.status !== 'open' || at > box.closesAt || countRound(box).isCertain;

/** Gives the round its whole time again: its coordinator died, or was paused. */
export const restartRound = (box: BallotBox, at: number): void => {
  if (box.status === 'open') box.closesAt = at + box.proposal.roundMs;
};

/** Ends an undecided round: the next one opens, or the vote ends without a quorum. Never a guess. */
export const closeRound = (box: BallotBox, at: number, rules: BallotRules = BALLOT_RULES): void => {
  if (box.status !== 'open') return;
  decide(box, countRound(box, rules, true));
  if (box.status !== 'open') return;
  const cast = box.entries.filter(({ filedIn, why }) => filedIn === box.round && why === null).length;
  box.path.push({ round: box.round, at, why: cast < VOTE_DEFAULTS.participation * box.proposal.electorate.length ? 'participation' : 'split' });
  if (box.round >= box.proposal.rounds) {
    box.status = 'no_quorum';
    return;
  }
  box.round += 1;
  box.closesAt = at + box.proposal.roundMs;
};

/** Counts the record again by itself, the first own word of each member in each round: it must be what the box decided and what was announced. */
export const recount = (box: BallotBox): { readonly decided: string | null; readonly agrees: boolean } => {
  const votes = (round: number): readonly CountedVote[] => {
    const weights = new Map(box.proposal.electorate.map(({ id, weight }) => [id, weight]));
    const seen = new Set<string>();
    return box.entries.flatMap((entry) => {
      const weight = weights.get(entry.voter);
      if (entry.filedIn !== round || entry.round !== round || !OWN_WORD.has(entry.why) || weight === undefined || seen.has(entry.voter)) return [];
      seen.add(entry.voter);
      return entry.why === null && isValidValue(box.proposal, entry.value) ? [{ value: entry.value, weight }] : [];
    });
  };
  const rounds = Array.from({ length: box.round }, (_, i) => i + 1);
  const found =
    rounds.map((round) => tallyVotes(box.proposal.form, box.proposal.options, votes(round), { total: totalOf(box.proposal), open: 0 }).decided).find((value) => value !== null) ??
    null;
  return { decided: found, agrees: found === box.decided && (box.announced === undefined || box.announced === found) };
};
