import * as wf from '@temporalio/workflow';
import { freeOf, NOTHING, plus, shareOf, type Amount } from '../domain/budget.js';
import { electorateOf, roleOfVoter } from '../domain/electorate.js';
import type { ErrorReport } from '../domain/errors.js';
import { ancestorOf, fateOf } from '../domain/fates.js';
import { LIMITS } from '../domain/limits.js';
import { coordinatorQueue, peerId } from '../domain/names.js';
import { adopt, mergeOwners, ownerOf, peerName, spread, type Owners } from '../domain/mesh.js';
import { leaseOf, spentOf } from '../domain/swarm-state.js';
import { reopenRunning, specOf, type TaskState } from '../domain/task-state.js';
import { allSettled, isSettled } from '../domain/task-graph.js';
import { openCounter } from '../domain/versions.js';
import { askPeers } from './ask-peers.js';
import type { Coordinator } from './coordinator.js';
import { handLessonsDown, listenToMembers, memberControl, snapshotFor, unlessEnded, watchRaises } from './crew.js';
import type { Poll } from './hold-vote.js';
import type { meshPeer } from './mesh-peer.js';
import { controlSignal, rosterSignal, type MeshRoster } from './messages.js';
import type { PeerPost } from './peer-desk.js';
import { openPeerPoll } from './peer-poll.js';
import { runGraph } from './run-graph.js';

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
  /** Asks as an agent of a peer, where one lives that can pay. */
  readonly askAs: Coordinator['askAs'];
  /** Ends the peers; what they were leased is the mesh's again. */
  close(): Promise<void>;
}

export const openMesh = (coordinator: Coordinator): Mesh => {
  const { input, state, emit, control, onControl, wantsHandOver } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const peers = new Map<string, Peer>();
  const watches: Promise<void>[] = [];
  let owners: Owners = {};
  let isStopping = false;
  let isStarved = false;

  const alive = (): readonly Peer[] => [...peers.values()].filter(({ isAlive }) => isAlive);
  const hasOwner = (task: TaskState): boolean => peers.get(ownerOf(owners, state.tasks, task) ?? '')?.isAlive === true;
  const orphans = (): readonly TaskState[] => [...new Set(state.tasks.filter((task) => !isSettled(task) && !hasOwner(task)).map((task) => ancestorOf(state.tasks, task)))];

  /** Peers that are there: what is sent to one that has not started is lost. */
  const living = (): Readonly<Record<string, string>> => Object.fromEntries(alive().flatMap(({ name, id, handle }) => (handle === null ? [] : [[name, id]])));
  const nextVersion = openCounter();
  const roster = (): MeshRoster => ({
    version: nextVersion(),
    peers: living(),
    owners,
    added: state.tasks.filter(({ isAdded, parent }) => isAdded && parent === null).map(specOf),
    fates: [...new Set(state.tasks.filter((task) => !isSettled(task)).flatMap(({ dependsOn }) => dependsOn))].flatMap((id) => fateOf(state.tasks, id) ?? []),
  });
  const tellAll = async (): Promise<void> => {
    const version = nextVersion();
    await Promise.all(alive().map(({ handle, lease }) => unlessEnded(handle?.signal(controlSignal, memberControl(coordinator, lease, version, isStopping)))));
  };
  const lessons = handLessonsDown(state, tellAll);
  const callRoll = async (): Promise<void> => {
    const now = roster();
    await Promise.all(alive().map(({ handle }) => unlessEnded(handle?.signal(rosterSignal, now))));
  };

  listenToMembers(coordinator, ({ type, taskId, data = {} }) => {
    if (type === 'task.moved' && taskId !== undefined) owners = mergeOwners(owners, { [taskId]: { peer: String(data['to']), version: Number(data['version']) } });
  });
  const raised = watchRaises(state);
  /** What people added to the budget goes at once to the peers and the mesh, in equal shares. */
  const raiseLeases = (): void => {
    const shares = raised([null, ...alive()].map(() => 1));
    for (const [i, peer] of alive().entries()) {
      const share = shares[i] ?? NOTHING;
      peer.lease = plus(peer.lease, share);
      state.budget = { ...state.budget, spent: plus(state.budget.spent, share) };
    }
  };
  onControl(() => {
    raiseLeases();
    void tellAll();
  });
  const peerPoll = openPeerPoll(coordinator, (name) => (peers.get(name)?.isAlive === true ? (peers.get(name)?.handle ?? null) : null));

  const askAs = askPeers(coordinator, () => new Map(alive().flatMap(({ name, handle }) => (handle === null ? [] : [[name, handle]]))));

  const start = async (peer: Peer): Promise<void> => {
    const startsWith = control();
    const post: PeerPost = {
      self: peer.name,
      reportTo: workflowId,
      peers: { ...living(), [peer.name]: peer.id },
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
      reopenRunning(state.tasks.filter((task) => ownerOf(owners, state.tasks, task) === peer.name));
      if (outcome?.kind === 'handedOver' && !isStopping) {
        peer.term += 1;
        peer.id = peerId(workflowId, peer.name, peer.term);
        peer.handle = null;
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
    const size = Math.max(1, Math.min(input.maxAgents, input.limits.meshPeers ?? LIMITS.meshPeers));
    const names = Array.from({ length: size }, (_, i) => peerName(i));
    const voters = electorateOf(input.roster, size);
    // One share more than peers: the mesh merges on its own.
    const shares = shareOf(
      freeOf(state.budget, spentOf(state), []),
      Array.from({ length: size + 1 }, () => 1),
    );
    state.budget = { ...state.budget, spent: shares.slice(1).reduce(plus, spentOf(state)) };
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
    if (input.votes && input.votes.on !== 'none') await peerPoll.register(names);
    await Promise.all([...peers.values()].map(start));
    // Earlier runs introduced peers to each other before they were there.
    if (wf.patched('introduce peers that are there')) await callRoll();
    for (const peer of peers.values()) {
      emit({ type: 'peer.joined', data: { peer: peer.name, role: peer.role, slots: peer.slots } });
      watches.push(watch(peer));
    }
    // What arrived while they were starting.
    await tellAll();
  };

  /** Gives what nobody alive owns to those who have least. */
  const handOn = async (): Promise<void> => {
    const lost = orphans().map(({ id }) => id);
    if (lost.length === 0 || alive().length === 0) return;
    const loadOf = (name: string): number => state.tasks.filter((task) => !isSettled(task) && ownerOf(owners, state.tasks, task) === name).length;
    owners = adopt(owners, lost, new Map(alive().map(({ name }) => [name, loadOf(name)])));
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
      await handOn();
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

  return {
    run,
    poll: () => (alive().length === 0 ? undefined : peerPoll),
    askAs,
    close: async () => {
      await lessons.stop();
      await stop();
      state.budget = leaseOf(state);
      // Also on cancellation: what the peers said last is on its way to the swarm.
      await wf.CancellationScope.nonCancellable(() => wf.condition(wf.allHandlersFinished));
    },
  };
};
