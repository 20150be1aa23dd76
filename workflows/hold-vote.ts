import * as wf from '@temporalio/workflow';
import type { ClaimActivities } from '../activities/check-claims.js';
import { hasVoted, isRoundOver, validateProposal, type BallotBox, type Proposal, type Voter } from '../domain/ballot.js';
import type { BallotDecision, Claim, PreferenceDecision } from '../domain/contracts.js';
import { electorateOf, roleOfVoter } from '../domain/electorate.js';
import type { ErrorReport } from '../domain/errors.js';
import { ballotPrompt } from '../domain/prompts.js';
import type { VotePolicy } from '../domain/swarm-input.js';
import type { VoteForm } from '../domain/tally.js';
import type { TextRef } from '../domain/model-call.js';
import type { CallUsage } from '../domain/usage.js';
import { boxOf, type CastData } from '../domain/vote-events.js';
import type { Coordinator } from './coordinator.js';
import { CHECK_CLAIMS } from './options.js';

const { checkClaims } = wf.proxyActivities<ClaimActivities>(CHECK_CLAIMS);

/** What is put to the vote: whether a text is good enough, or one of several options. */
export interface Motion {
  /** Task id, or `swarm`. */
  readonly scope: string;
  readonly question: string;
  /** The text that is judged, or what is decided where there is none, such as `assign`. */
  readonly subject: TextRef | string;
  /** In the order that breaks ties; approve or reject unless told. */
  readonly options?: readonly string[];
  /** One option a ballot, unless told. */
  readonly form?: VoteForm;
  readonly priority: number;
}

/** How a vote ended. */
export type Decision =
  | { readonly kind: 'decided'; readonly option: string; readonly vote: string }
  | { readonly kind: 'no_quorum'; readonly vote: string }
  | { readonly kind: 'failed'; readonly failure: ErrorReport };

export type Verdict =
  | { readonly kind: 'approve' | 'reject'; readonly vote: string /** The first ballot against it. */; readonly dissent: TextRef | null }
  | { readonly kind: 'no_quorum'; readonly vote: string }
  | { readonly kind: 'failed'; readonly failure: ErrorReport };

/** Who votes, and how one of them is asked: resolves when that voter's ballot has been filed, or when there will be none; returns why the whole vote can't go on, or null. */
export interface Poll {
  /** Tells apart the votes of different kinds of voters on one text; part of the proposal's id. */
  readonly kind: '' | '-peers';
  /** `size` voters, or all there are. */
  electorate(size: number): readonly Voter[];
  ask(box: BallotBox, motion: Motion, voter: string): Promise<ErrorReport | null>;
}

/** Agents of the roster, each asked by a model call of this workflow. */
const agentPoll = (coordinator: Coordinator): Poll => ({
  kind: '',
  electorate: (size) => electorateOf(coordinator.input.roster, size),
  ask: (box, motion, voter) => askVoter(coordinator, box, motion, voter),
});

const OPTIONS = ['approve', 'reject'] as const;
/** Voters that join when the first electorate found no quorum; one more liar is then tolerated. */
const REINFORCEMENT = 3;

/** Whether a text is good enough, with the first ballot against it. */
export const holdVote = async (coordinator: Coordinator, policy: VotePolicy, motion: Motion & { readonly subject: TextRef }, poll?: Poll): Promise<Verdict> => {
  const decision = await decide(coordinator, policy, motion, poll);
  if (decision.kind === 'no_quorum' && policy.undecided === 'ask' && motion.scope === 'swarm') return askPerson(coordinator, decision.vote);
  if (decision.kind !== 'decided') return decision;
  const box = boxOf(coordinator.state, decision.vote);
  return { kind: decision.option === 'approve' ? 'approve' : 'reject', vote: decision.vote, dissent: box ? dissentOf(box) : null };
};

/** Waits until a person has said what the voters could not; a coordinator that takes over goes on waiting. */
const askPerson = async ({ state, emit }: Coordinator, vote: string): Promise<Verdict> => {
  const box = boxOf(state, vote);
  if (!box) throw new Error(`no ballot box ${vote}`);
  if (box.asks !== true) emit({ type: 'vote.asked', data: { vote, message: `No quorum. Decide yourself: cf answer ${state.swarmId} outcome approve|reject` } });
  await wf.condition(() => box.judged !== undefined);
  return { kind: box.judged ?? 'reject', vote, dissent: dissentOf(box) };
};

/** Puts a motion to the vote of a frozen electorate: rounds until the quorum, then once a larger electorate, then `no_quorum`. Late votes are cancelled. */
export const decide = async (coordinator: Coordinator, policy: VotePolicy, motion: Motion, poll: Poll = agentPoll(coordinator)): Promise<Decision> => {
  let last = '';
  for (const proposal of proposalsOf(poll, policy, motion)) {
    last = proposal.id;
    const failure = await runRounds(coordinator, takeUp(coordinator, proposal), motion, poll);
    if (failure) return { kind: 'failed', failure };
    const box = boxOf(coordinator.state, proposal.id);
    coordinator.emit({ type: 'vote.ended', ...taskOf(motion), data: { vote: proposal.id, status: box?.status ?? '', decided: box?.decided ?? null } });
    if (box && box.decided !== null) return { kind: 'decided', option: box.decided, vote: proposal.id };
  }
  return { kind: 'no_quorum', vote: last };
};

/** The proposal's id holds the hash of what is judged: another text is another vote. */
const proposalsOf = (poll: Poll, { voters, rounds, roundMs }: VotePolicy, { scope, question, subject, options = OPTIONS, form = 'choice' }: Motion): readonly Proposal[] => {
  const id = `${scope}-${typeof subject === 'string' ? subject : subject.hash.slice(0, 8)}${poll.kind}`;
  const common = { question, form, options, roundMs };
  const electorate = poll.electorate(voters);
  const larger = poll.electorate(voters + REINFORCEMENT);
  const first = { ...common, id, electorate, rounds };
  return larger.length > electorate.length ? [first, { ...common, id: `${id}-larger`, electorate: larger, rounds: 1 }] : [first];
};

/** Opens the box, or takes up the one that an earlier term left open: its round gets its whole time again. */
const takeUp = ({ state, emit }: Coordinator, proposal: Proposal): BallotBox => {
  const left = boxOf(state, proposal.id);
  const [why] = validateProposal(proposal);
  if (why !== undefined) throw wf.ApplicationFailure.nonRetryable(`The proposal ${proposal.id} can not be voted on. ${why}`);
  if (left) emit({ type: 'vote.resumed', data: { vote: proposal.id } });
  else emit({ type: 'vote.opened', data: { proposal } });
  const box = boxOf(state, proposal.id);
  if (!box) throw new Error(`no ballot box ${proposal.id}`);
  return box;
};

const runRounds = async (coordinator: Coordinator, box: BallotBox, motion: Motion, poll: Poll): Promise<ErrorReport | null> => {
  const { emit, control } = coordinator;
  while (box.status === 'open') {
    if (control().paused) {
      await wf.condition(() => !control().paused);
      emit({ type: 'vote.resumed', data: { vote: box.proposal.id } });
    }
    const failure = await runRound(box, motion, poll);
    if (failure) return failure;
    if (box.status === 'open' && !control().paused) emit({ type: 'vote.roundEnded', ...taskOf(motion), data: { vote: box.proposal.id, round: box.round } });
  }
  return null;
};

/** Asks everybody at once and stops the moment no further vote can change the round. */
const runRound = async (box: BallotBox, motion: Motion, poll: Poll): Promise<ErrorReport | null> => {
  const { round, proposal } = box;
  const silent = proposal.electorate.filter(({ id }) => !hasVoted(box, id));
  let asking = silent.length;
  let failure: ErrorReport | null = null;
  const fault: { error?: unknown } = {};
  const ask = async (voter: string): Promise<void> => {
    try {
      failure ??= await poll.ask(box, motion, voter);
    } catch (error) {
      if (!wf.isCancellation(error)) fault.error = error;
    } finally {
      asking -= 1;
    }
  };
  const scope = new wf.CancellationScope({ cancellable: true });
  // Never rejects: what went wrong is kept, and thrown when the round is over.
  const asked = scope.run(() => Promise.all(silent.map(({ id }) => ask(id))));
  const isOver = (): boolean => asking === 0 || failure !== null || 'error' in fault || isRoundOver(box, Date.now());
  try {
    await wf.condition(isOver, Math.max(1, box.closesAt - Date.now()), { summary: `round ${round} of the vote ${proposal.id}` });
  } finally {
    scope.cancel();
    await asked;
  }
  if ('error' in fault) throw fault.error;
  return failure;
};

/** One voter's ballot, its evidence looked up before it counts. A voter that gives none stays silent; only a used-up budget ends the vote. */
const askVoter = async (coordinator: Coordinator, box: BallotBox, motion: Motion, voter: string): Promise<ErrorReport | null> => {
  const { proposal } = box;
  const { ask, contextOf } = coordinator;
  const counts = countsOf(box);
  const answered = await ask({
    scope: motion.scope,
    purpose: `${votePurpose(box, motion)}.${voter}`,
    nth: 1,
    role: roleOfVoter(voter),
    agentId: voter,
    contract: proposal.form === 'choice' ? 'ballot' : 'preference',
    prompt: ballotPrompt(contextOf(0), motion, proposal.options, counts),
    priority: motion.priority,
    choices: proposal.options,
  });
  if (!answered.ok) return answered.failure.code === 'budget_exhausted' ? answered.failure : null;
  const decision = answered.answer.decision as BallotDecision | PreferenceDecision;
  const value = ('options' in decision ? decision.options : [decision.choice]).map((option) => option.trim());
  await fileBallot(coordinator, box, motion, { voter, value, claims: decision.claims, text: answered.answer.text, isAuthentic: true, usage: answered.usage });
  return null;
};

export interface Polled {
  readonly voter: string;
  readonly value: readonly string[];
  readonly claims: readonly Claim[];
  readonly text: TextRef;
  readonly isAuthentic: boolean;
  readonly usage: CallUsage;
  /** The proposal it was cast for, where it says so itself. */
  readonly proposal?: string;
}

/** Looks up the evidence of a ballot and files it. `round` is the one it was cast for. */
export const fileBallot = async ({ state, input, emit }: Coordinator, { proposal, round: open }: BallotBox, motion: Motion, polled: Polled, round = open): Promise<void> => {
  const { voter, value, claims, isAuthentic, usage } = polled;
  const outputs = Object.fromEntries(state.tasks.flatMap(({ id, output }) => (output === null ? [] : [[id, output.hash]])));
  const refuted = claims.length === 0 ? [] : await checkClaims({ claims, outputs, workspace: input.workspace ?? null, ...(state.workspace ? { branch: state.workspace } : {}) });
  const { hash, bytes } = polled.text;
  const data: CastData = { vote: proposal.id, proposal: polled.proposal ?? proposal.id, round, voter, value, text: { hash, bytes }, isAuthentic, refuted: refuted[0] ?? null };
  emit({ type: 'vote.cast', ...taskOf(motion), agentId: voter, data: { ...data, usage } });
};

/** Votes of the round before, which voters are shown: part of the prompt, and so of the key. */
export const votePurpose = (box: BallotBox, { scope }: Motion): string =>
  `vote.${box.proposal.id.slice(scope.length + 1)}.r${box.round}${countsOf(box)
    .map((count) => `-${count}`)
    .join('')}`;

/** Empty in the first round. */
export const countsOf = ({ proposal, entries, round }: BallotBox): readonly number[] =>
  round === 1
    ? []
    : proposal.options.map(
        (option) =>
          entries.filter(({ filedIn, why, value }) => filedIn === round - 1 && why === null && (proposal.form === 'approval' ? value.includes(option) : value[0] === option))
            .length,
      );

const dissentOf = ({ entries }: BallotBox): TextRef | null => entries.find(({ why, value }) => why === null && value[0] === 'reject')?.text ?? null;

const taskOf = ({ scope }: Motion): { taskId?: string } => (scope === 'swarm' ? {} : { taskId: scope });
