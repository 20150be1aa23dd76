/** What a set of counted ballots decides: quorum, and one decision function per form of vote (promises.md section 2). All pure. */

export const VOTE_FORMS = ['choice', 'approval', 'ranked'] as const;
/** `choice` names one option, `approval` all it can live with, `ranked` its order of preference, best first. */
export type VoteForm = (typeof VOTE_FORMS)[number];

/** One ballot that counts: valid options of the proposal, never empty. */
export interface CountedVote {
  readonly value: readonly string[];
  readonly weight: number;
}

export interface Electorate {
  /** Sum of all weights, voters who stay silent included; the number of voters where each weighs 1. */
  readonly total: number;
  /** Weight of the voters who may still vote. */
  readonly open: number;
}

/** Liars (by weight) that can neither change nor block a decision: ⌊(n−1)/3⌋. */
export const faultsTolerated = (total: number): number => Math.max(0, Math.floor((total - 1) / 3));

/** ⌊2n/3⌋ + 1 of the whole electorate, never of the votes cast. */
export const quorumOf = (total: number): number => Math.floor((2 * total) / 3) + 1;

/** `decided` null with `isCertain` says that no open vote can bring a decision any more. */
export interface Tally {
  readonly decided: string | null;
  readonly isCertain: boolean;
  /** Weight for each option, in the order of the options; of the last count for ranked votes. */
  readonly counts: readonly number[];
}

const weightFor = (votes: readonly CountedVote[], prefers: (vote: CountedVote) => boolean): number => votes.reduce((sum, vote) => sum + (prefers(vote) ? vote.weight : 0), 0);

/** Decided the moment an option has the quorum: two can't, since 2q > n. */
const tallyChoice = (options: readonly string[], votes: readonly CountedVote[], { open }: Electorate, quorum: number): Tally => {
  const counts = options.map((option) => weightFor(votes, ({ value }) => value[0] === option));
  const decided = options.find((_, i) => (counts[i] ?? 0) >= quorum) ?? null;
  return { decided, isCertain: decided !== null || Math.max(0, ...counts) + open < quorum, counts };
};

/** Several options may reach the quorum, so the leader is decided only when no open vote can put another before it; ties go to the earlier option. */
const tallyApproval = (options: readonly string[], votes: readonly CountedVote[], { open }: Electorate, quorum: number): Tally => {
  const counts = options.map((option) => weightFor(votes, ({ value }) => value.includes(option)));
  const best = Math.max(0, ...counts);
  const leader = counts.indexOf(best);
  const isLeading = best >= quorum && counts.every((count, i) => i === leader || (i < leader ? count + open < best : count + open <= best));
  return { decided: isLeading ? (options[leader] ?? null) : null, isCertain: isLeading || best + open < quorum, counts };
};

/** Instant run-off: the weakest option goes (ties: the later one) until one has the quorum of ballots that still name it first. Certain early only by first preferences. */
const tallyRanked = (options: readonly string[], votes: readonly CountedVote[], { open }: Electorate, quorum: number): Tally => {
  const left = new Set(options);
  for (;;) {
    const counts = options.map((option) => (left.has(option) ? weightFor(votes, ({ value }) => value.find((name) => left.has(name)) === option) : 0));
    const winner = options.find((_, i) => (counts[i] ?? 0) >= quorum) ?? null;
    const isFirstCount = left.size === options.length;
    if (winner !== null && (open === 0 || isFirstCount)) return { decided: winner, isCertain: true, counts };
    const voted = votes.reduce((sum, { weight }) => sum + weight, 0);
    if (left.size <= 1 || open > 0) return { decided: null, isCertain: open === 0 || voted + open < quorum, counts };
    const weakest = options.reduceRight<string | null>(
      (low, option) => (left.has(option) && (low === null || at(counts, options, option) < at(counts, options, low)) ? option : low),
      null,
    );
    left.delete(weakest ?? '');
  }
};

const at = (counts: readonly number[], options: readonly string[], option: string): number => counts[options.indexOf(option)] ?? 0;

const FORMS = { choice: tallyChoice, approval: tallyApproval, ranked: tallyRanked } as const;

/** Counts the votes of one round. The same votes always give the same tally, in whatever order they came. */
export const tallyVotes = (form: VoteForm, options: readonly string[], votes: readonly CountedVote[], electorate: Electorate, quorum = quorumOf(electorate.total)): Tally =>
  FORMS[form](options, votes, electorate, quorum);
