import * as wf from '@temporalio/workflow';
import type { VoteKeyActivities } from '../activities/vote-keys.js';
import type { BallotBox } from '../domain/ballot.js';
import type { Coordinator } from './coordinator.js';
import { unlessEnded } from './crew.js';
import { countsOf, fileBallot, votePurpose, type Motion, type Poll } from './hold-vote.js';
import type { meshPeer } from './mesh-peer.js';
import { ballotSignal, motionSignal } from './messages.js';
import { VOTE_KEYS } from './options.js';

const { issueVoteKeys, verifyVotes } = wf.proxyActivities<VoteKeyActivities>(VOTE_KEYS);

/** Its own ballot has arrived, even if too late to count. */
const hasAnswered = ({ entries, round }: BallotBox, voter: string): boolean => entries.some((entry) => entry.voter === voter && entry.filedIn === round && entry.why !== 'forged');

export interface PeerPoll extends Poll {
  /** Issues a key to each peer; before that, no ballot is authentic. */
  register(names: readonly string[]): Promise<void>;
}

/** Votes of peers by signal: each is asked by its mesh and answers with a signed ballot; `handleOf` is null once a peer is dead. Registers its handler before anything is awaited. */
export const openPeerPoll = (coordinator: Coordinator, handleOf: (peer: string) => wf.ChildWorkflowHandle<typeof meshPeer> | null): PeerPoll => {
  const { workflowId } = wf.workflowInfo();
  const signerOf = (peer: string): string => `${workflowId}/${peer}`;
  let names: readonly string[] = [];
  let publicKeys: Readonly<Record<string, string>> = {};
  let open: { readonly box: BallotBox; readonly motion: Motion } | null = null;
  let filed: Promise<void> = Promise.resolve();

  wf.setHandler(
    ballotSignal,
    async ({ vote, signature, ...rest }) => {
      const signer = signerOf(vote.voter);
      const checking = verifyVotes([{ vote: { ...vote, voter: signer }, publicKey: publicKeys[signer] ?? '', signature }]);
      // Checked side by side, filed in the order of arrival.
      const before = filed;
      const filing = (async () => {
        const [isAuthentic = false] = await checking;
        await before;
        if (open) await fileBallot(coordinator, open.box, open.motion, { ...rest, voter: vote.voter, value: vote.value, isAuthentic, proposal: vote.proposal }, vote.round);
      })();
      filed = filing.catch(() => undefined);
      await filing;
    },
    { description: 'From a peer: its signed ballot.' },
  );

  const ask: Poll['ask'] = async (box, motion, voter) => {
    open = { box, motion };
    const { round, proposal } = box;
    const isDone = (): boolean => hasAnswered(box, voter) || handleOf(voter) === null || box.round !== round;
    if (isDone()) return null;
    const { question, subject } = motion;
    const wanted = { proposal: proposal.id, round, purpose: votePurpose(box, motion), question, subject, options: proposal.options, counts: countsOf(box) };
    await unlessEnded(handleOf(voter)?.signal(motionSignal, wanted));
    try {
      await wf.condition(isDone);
    } catch (error) {
      // The round is over without it: its call is cancelled.
      await wf.CancellationScope.nonCancellable(() => unlessEnded(handleOf(voter)?.signal(motionSignal, null)));
      throw error;
    }
    return null;
  };

  return {
    kind: '-peers',
    electorate: () => names.map((id) => ({ id, weight: 1 })),
    ask,
    register: async (peers) => {
      names = peers;
      publicKeys = await issueVoteKeys(peers.map(signerOf));
    },
  };
};
