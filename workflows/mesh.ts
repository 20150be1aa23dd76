import * as wf from '@temporalio/workflow';
import type { VoteKeyActivities } from '../activities/vote-keys.js';
import { NOTHING, shareOf, type Amount } from '../domain/budget.js';
import type { BallotBox } from '../domain/ballot.js';
import { electorateOf, roleOfVoter } from '../domain/electorate.js';
import type { ErrorReport } from '../domain/errors.js';
import { ancestorOf, fateOf } from '../domain/fates.js';
import { coordinatorQueue, peerId } from '../domain/names.js';
import { mergeOwners, ownerOf, peerName, spread, type Owners } from '../domain/mesh.js';
import { leaseOf, specOf, spentOf, type TaskState } from '../domain/swarm-state.js';
import { allSettled } from '../domain/task-graph.js';
import type { Coordinator } from './coordinator.js';
import { freeOf, listenToMembers, reopen, snapshotFor, unlessEnded } from './crew.js';
import { countsOf, fileBallot, votePurpose, type Motion, type Poll } from './hold-vote.js';
import type { meshPeer } from './mesh-peer.js';
import { ballotSignal, controlSignal, motionSignal, rosterSignal, type MeshRoster } from './messages.js';
import { VOTE_KEYS } from './options.js';
import type { PeerPost } from './peer-desk.js';
import { runGraph } from './run-graph.js';

const { issueVoteKeys, verifyVotes } = wf.proxyActivities<VoteKeyActivities>(VOTE_KEYS);

interface Peer {
  readonly name: string;
  readonly role: string;
  readonly slots: number;
  term: number;
  id: string;
  lease: Amount;
  handle: wf.ChildWorkflowHandle<typeof meshPeer> | null;
  isAlive: boolean;
}

/** The part of a mesh that is not a peer: it brings the peers together, hands on what the dead owned, files their reports and their ballots. */
export interface Mesh {
  /** Runs the graph until it has settled or can't go on; see `conclude`. */
  run(): Promise<ErrorReport | null>;
  /** Votes of the peers; undefined once none of them lives. */
  poll(): Poll | undefined;
  /** Ends the peers; what they were leased is the mesh's again. */
  close(): Promise<void>;
}

export const openMesh = (coordinator: Coordinator): Mesh => {
  const { input, state, emit, control, onControl, wantsHandOver } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const peers = new Map<string, Peer>();
  const watches: Promise<void>[] = [];
  let owners: Owners = {};
  let publicKeys: Readonly<Record<string, string>> = {};
  let ballot: { readonly box: BallotBox; readonly motion: Motion } | null = null;
  let filed: Promise<void> = Promise.resolve();
  let isStopping = false;
  let isStarved = false;

  const alive = (): readonly Peer[] => [...peers.values()].filter(({ isAlive }) => isAlive);
  const isOpen = ({ status }: TaskState): boolean => status === 'pending' || status === 'running';
  const hasOwner = (task: TaskState): boolean => peers.get(ownerOf(owners, state.tasks, task) ?? '')?.isAlive === true;
  const orphans = (): readonly TaskState[] => [...new Set(state.tasks.filter((task) => isOpen(task) && !hasOwner(task)).map((task) => ancestorOf(state.tasks, task)))];

  let sent = 0;
  const nextVersion = (): number => {
    sent += 1;
    return sent;
  };
  const roster = (): MeshRoster => ({
    version: nextVersion(),
    peers: Object.fromEntries(alive().map(({ name, id }) => [name, id])),
    owners,
    added: state.tasks.filter(({ isAdded, parent }) => isAdded && parent === null).map(specOf),
    fates: [...new Set(state.tasks.filter(isOpen).flatMap(({ dependsOn }) => dependsOn))].flatMap((id) => fateOf(state.tasks, id) ?? []),
  });
  const tellAll = async (): Promise<void> => {
    const { added: _, budget: __, ...wanted } = control();
    const version = nextVersion();
    await Promise.all(alive().map(({ handle }) => unlessEnded(handle?.signal(controlSignal, { ...wanted, version, handOver: wanted.handOver || isStopping }))));
  };
  const callRoll = async (): Promise<void> => {
    const now = roster();
    await Promise.all(alive().map(({ handle }) => unlessEnded(handle?.signal(rosterSignal, now))));
  };

  listenToMembers(coordinator, ({ type, taskId, data = {} }) => {
    if (type === 'task.moved' && taskId !== undefined) owners = mergeOwners(owners, { [taskId]: { peer: String(data['to']), version: Number(data['version']) } });
  });
  onControl(() => void tellAll());
  wf.setHandler(
    ballotSignal,
    async ({ vote, signature, ...rest }) => {
      const signer = `${workflowId}/${vote.voter}`;
      const checking = verifyVotes([{ vote: { ...vote, voter: signer }, publicKey: publicKeys[signer] ?? '', signature }]);
      // Checked side by side, filed in the order of arrival.
      const before = filed;
      const filing = (async () => {
        const [isAuthentic = false] = await checking;
        await before;
        if (ballot) await fileBallot(coordinator, ballot.box, ballot.motion, { ...rest, voter: vote.voter, value: vote.value, isAuthentic, proposal: vote.proposal }, vote.round);
      })();
      filed = filing.catch(() => undefined);
      await filing;
    },
    { description: 'From a peer: its signed ballot.' },
  );

  const start = async (peer: Peer): Promise<void> => {
    const startsWith = control();
    const post: PeerPost = {
      self: peer.name,
      reportTo: workflowId,
      peers: Object.fromEntries([...peers.values()].map(({ name, id }) => [name, id])),
      owners,
      slots: peer.slots,
      role: peer.role,
    };
    peer.handle = await wf.startChild<typeof meshPeer>('meshPeer', {
      workflowId: peer.id,
      taskQueue: coordinatorQueue(input.model.provider),
      args: [input, post, ...snapshotFor(state, state.tasks, peer.lease, control().paused)],
      staticSummary: `${peer.name} of ${input.swarmId}`,
      cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    });
    if (control() !== startsWith || control().steering.length > 0 || isStopping) await tellAll();
  };

  /** Follows one peer to its end: a long history goes on under a new id, a death leaves its tasks to the others. */
  const watch = async (peer: Peer): Promise<void> => {
    for (;;) {
      let outcome: Awaited<ReturnType<typeof meshPeer>> | null = null;
      let why = '';
      try {
        outcome = (await peer.handle?.result()) ?? null;
      } catch (error) {
        if (wf.isCancellation(error)) return;
        why = error instanceof wf.ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
      }
      reopen(state.tasks.filter((task) => ownerOf(owners, state.tasks, task) === peer.name));
      if (outcome?.kind === 'handedOver' && !isStopping) {
        peer.term += 1;
        peer.id = peerId(workflowId, peer.name, peer.term);
        await start(peer);
        await callRoll();
        continue;
      }
      if (outcome?.kind === 'starved') isStarved = true;
      peer.isAlive = false;
      if (outcome === null) emit({ type: 'peer.lost', data: { peer: peer.name, why } });
      return;
    }
  };

  const bootstrap = async (): Promise<void> => {
    const size = Math.max(1, Math.min(input.maxAgents, input.limits.meshPeers ?? 16));
    const names = Array.from({ length: size }, (_, i) => peerName(i));
    const voters = electorateOf(input.roster, size);
    // One share more than peers: the mesh merges on its own.
    const shares = shareOf(
      freeOf(state.budget, spentOf(state), []),
      Array.from({ length: size + 1 }, () => 1),
    );
    const { tokens, microUsd } = shares[0] ?? NOTHING;
    const spent = spentOf(state);
    state.budget = { ...state.budget, spent: { tokens: spent.tokens + size * tokens, microUsd: spent.microUsd + size * microUsd } };
    for (const [i, name] of names.entries())
      peers.set(name, {
        name,
        role: roleOfVoter(voters[i]?.id ?? ''),
        slots: Math.floor(input.maxAgents / size) + (i < input.maxAgents % size ? 1 : 0),
        term: 1,
        id: peerId(workflowId, name, 1),
        lease: shares[i] ?? NOTHING,
        handle: null,
        isAlive: true,
      });
    owners = spread(state.tasks, names);
    if (input.votes && input.votes.on !== 'none') publicKeys = await issueVoteKeys(names.map((name) => `${workflowId}/${name}`));
    await Promise.all([...peers.values()].map(start));
    for (const peer of peers.values()) {
      emit({ type: 'peer.joined', data: { peer: peer.name, role: peer.role, slots: peer.slots } });
      watches.push(watch(peer));
    }
    // What arrived while they were starting.
    await tellAll();
  };

  /** Gives what nobody alive owns to those who have least; they are told first, then the others. */
  const adopt = async (): Promise<void> => {
    const lost = orphans();
    const living = alive();
    if (lost.length === 0 || living.length === 0) return;
    const load = new Map(living.map(({ name }) => [name, state.tasks.filter((task) => isOpen(task) && ownerOf(owners, state.tasks, task) === name).length]));
    for (const { id } of lost) {
      const [poorest = ''] = [...load].sort(([, a], [, b]) => a - b)[0] ?? [];
      load.set(poorest, (load.get(poorest) ?? 0) + 1);
      owners = mergeOwners(owners, { [id]: { peer: poorest, version: (owners[id]?.version ?? 0) + 1 } });
    }
    await callRoll();
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    await tellAll();
    await Promise.all(watches);
  };

  const run = async (): Promise<ErrorReport | null> => {
    if (peers.size === 0) await bootstrap();
    for (;;) {
      await adopt();
      if (allSettled(state.tasks)) return null;
      if (isStarved || wantsHandOver()) await stop();
      if (isStarved) {
        // What is left is too little to be split: the mesh takes the rest in hand, so that it is used to the last call it covers.
        state.budget = leaseOf(state);
        return runGraph(coordinator);
      }
      if (wantsHandOver()) return null;
      if (alive().length === 0) throw wf.ApplicationFailure.nonRetryable('every peer of the mesh is dead');
      await wf.condition(() => allSettled(state.tasks) || wantsHandOver() || isStarved || orphans().length > 0 || alive().length === 0);
    }
  };

  const hasVoted = ({ entries, round }: BallotBox, voter: string): boolean => entries.some((entry) => entry.voter === voter && entry.filedIn === round && entry.why !== 'forged');
  const ask: Poll['ask'] = async (box, motion, voter) => {
    ballot = { box, motion };
    const peer = peers.get(voter);
    const { round } = box;
    const isDone = (): boolean => hasVoted(box, voter) || peer?.isAlive !== true || box.round !== round;
    if (isDone()) return null;
    const { question, subject } = motion;
    await unlessEnded(
      peer?.handle?.signal(motionSignal, {
        proposal: box.proposal.id,
        round,
        purpose: votePurpose(box, motion),
        question,
        subject,
        options: box.proposal.options,
        counts: countsOf(box),
      }),
    );
    try {
      await wf.condition(isDone);
    } catch (error) {
      // The round is over without it: its call is cancelled.
      await wf.CancellationScope.nonCancellable(() => unlessEnded(peer?.handle?.signal(motionSignal, null)));
      throw error;
    }
    return null;
  };

  return {
    run,
    poll: () => (alive().length === 0 ? undefined : { electorate: () => [...peers.keys()].map((id) => ({ id, weight: 1 })), ask }),
    close: async () => {
      await stop();
      state.budget = leaseOf(state);
      await wf.condition(wf.allHandlersFinished);
    },
  };
};
