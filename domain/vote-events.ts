import { cast, closeRound, openBox, restartRound, type BallotBox, type Judgement, type Proposal } from './ballot.js';
import type { EventDraft } from './events.js';
import type { TextRef } from './model-call.js';

export const boxOf = ({ votes }: { readonly votes: readonly BallotBox[] }, id: unknown): BallotBox | undefined => votes.find(({ proposal }) => proposal.id === id);

/** One ballot as its event carries it. */
export interface CastData {
  /** The box it is filed in. */
  readonly vote: string;
  /** The proposal it was cast for. */
  readonly proposal?: string;
  readonly round: number;
  readonly voter: string;
  readonly value: readonly string[];
  readonly text: TextRef | null;
  readonly isAuthentic: boolean;
  readonly refuted: string | null;
}

/** Every keeper of the state files the same ballots in the same order, so that the root's tally is a recount of its coordinator's. */
export const applyToVotes = (votes: BallotBox[], { type, at, data = {} }: EventDraft): void => {
  if (type === 'vote.opened') {
    votes.push(openBox(data['proposal'] as Proposal, at));
    return;
  }
  const box = boxOf({ votes }, data['vote']);
  if (!box) return;
  if (type === 'vote.cast') {
    const { vote, proposal = vote, round, voter, value, text, isAuthentic, refuted } = data as unknown as CastData;
    cast(box, { ballot: { proposal, round, voter, value, ...(text === null ? {} : { text }) }, at, isAuthentic, refuted });
  }
  if (type === 'vote.resumed') restartRound(box, at);
  if (type === 'vote.roundEnded') closeRound(box, at);
  if (type === 'vote.asked') box.asks = true;
  if (type === 'vote.judged') box.judged = data['verdict'] as Judgement;
  if (type === 'vote.ended') box.announced = (data['decided'] as string | null | undefined) ?? null;
};
