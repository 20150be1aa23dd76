import { isAskedFor, recount, totalOf, type BallotBox, type Judgement } from './ballot.js';
import { faultsTolerated, quorumOf, type VoteForm } from './tally.js';

/** One vote as every edge shows it (contract.md, and more): who voted what, which ballots count and why not, how it was decided. */
export interface VoteView {
  readonly id: string;
  /** The question in full. */
  readonly proposal: string;
  readonly form: VoteForm;
  readonly options: readonly string[];
  /** Weight of everybody who may vote; their number where each weighs 1. */
  readonly electorate: number;
  readonly quorum: number;
  /** Liars that could not have changed it; 0 makes it a supermajority, not a Byzantine vote. */
  readonly faultsTolerated: number;
  readonly status: BallotBox['status'];
  readonly decided: string | null;
  readonly round: number;
  /** Rounds that ended without a decision. */
  readonly path: readonly { readonly round: number; readonly why: string }[];
  readonly ballots: readonly {
    readonly voter: string;
    readonly round: number;
    readonly value: string;
    readonly weight: number;
    readonly counted: boolean;
    readonly why: string | null;
    /** Blob of the voter's whole answer. */
    readonly text: string | null;
  }[];
  /** It found no quorum and waits for a person. */
  readonly asks: boolean;
  /** What that person decided; null where nobody had to. */
  readonly judged: Judgement | null;
  /** The ballots counted again from the record; `agrees` false would be a fault of ours. */
  readonly recount: { readonly decided: string | null; readonly agrees: boolean };
}

export const voteViewOf = (box: BallotBox): VoteView => {
  const { proposal, status, decided, round, path, entries } = box;
  const total = totalOf(proposal);
  return {
    id: proposal.id,
    proposal: proposal.question,
    form: proposal.form,
    options: proposal.options,
    electorate: total,
    quorum: quorumOf(total),
    faultsTolerated: faultsTolerated(total),
    status,
    decided,
    round,
    path: path.map(({ round: ended, why }) => ({ round: ended, why })),
    ballots: entries.map(({ voter, value, weight, why, refuted, text, filedIn }) => ({
      voter,
      round: filedIn,
      value: value.join(proposal.form === 'ranked' ? ' > ' : ', '),
      weight,
      counted: why === null,
      why: refuted ?? why,
      text: text?.hash ?? null,
    })),
    asks: isAskedFor(box),
    judged: box.judged ?? null,
    recount: recount(box),
  };
};
