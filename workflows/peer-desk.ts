import * as wf from '@temporalio/workflow';
import { closedBreaker, onFailure, onRequest, onSuccess, type Breaker } from '../domain/breaker.js';
import { fateOf, openLearning } from '../domain/fates.js';
import { chooseVictim, gossipTargets, handOut, mergeOwners, ownerOf, surplusOf, type Owners, type PeerItem } from '../domain/mesh.js';
import { taskOf } from '../domain/swarm-state.js';
import { openTask, type TaskState } from '../domain/task-state.js';
import { openVersions } from '../domain/versions.js';
import { allSettled, readyTasks } from '../domain/task-graph.js';
import type { Coordinator } from './coordinator.js';
import { peerSignal, rosterSignal } from './messages.js';
import { openOutbox } from './outbox.js';
import type { Desk } from './run-graph.js';

/** Where a peer stands in its mesh. */
export interface PeerPost {
  readonly self: string;
  /** Workflow id of the mesh it reports to; its own id and those of the others begin with it. */
  readonly reportTo: string;
  /** Workflow ids by name; the peers that live. */
  readonly peers: Readonly<Record<string, string>>;
  readonly owners: Owners;
  readonly slots: number;
  /** The role it votes as. */
  readonly role: string;
}

export interface PeerDesk extends Desk {
  close(): Promise<void>;
}

const ANSWER_WITHIN = '5 seconds';

/** The desk of a peer: runs what it owns, tells the owners of waiting tasks what became of theirs, gossips who owns what and who has work to spare, and takes work when it has none. */
export const openPeerDesk = (coordinator: Coordinator, post: PeerPost): PeerDesk => {
  const { state, emit, control, wantsHandOver } = coordinator;
  const { self } = post;
  let { peers, owners } = post;
  const running = new Set<string>();
  const { learn, catchUp } = openLearning(state);
  const isNewRoll = openVersions();
  const outbox = openOutbox(self, (peer) => peers[peer]);
  const told = new Set<string>();
  const loads = new Map<string, { readonly spare: number; readonly asOf: number }>();
  const breakers = new Map<string, Breaker>();
  let answered = 0;
  let isClosing = false;
  /** Peers that have not heard what was gossiped before they came. */
  let hasNewcomers = false;

  const owns = (task: TaskState): boolean => ownerOf(owners, state.tasks, task) === self;
  const free = (): number => post.slots - running.size;
  const spare = (): readonly TaskState[] => surplusOf(state.tasks, owns, free());
  const gossip = (item: PeerItem, except?: string): void => {
    for (const peer of gossipTargets(Object.keys(peers), self)) if (peer !== except) outbox.send(peer, item);
  };

  const receive = (from: string, item: PeerItem): void => {
    switch (item.kind) {
      case 'fate':
        return learn([item.fate]);
      case 'owners': {
        const merged = mergeOwners(owners, item.owners);
        const isNews = Object.entries(item.owners).some(([id]) => merged[id]?.version !== owners[id]?.version || merged[id]?.peer !== owners[id]?.peer);
        owners = merged;
        if (isNews) gossip(item, from);
        return;
      }
      case 'load': {
        if ((loads.get(item.peer)?.asOf ?? 0) >= item.asOf) return;
        loads.set(item.peer, item);
        return gossip(item, from);
      }
      case 'steal': {
        const tasks = control().paused || wantsHandOver() ? [] : handOut(spare());
        const moved: Owners = Object.fromEntries(tasks.map(({ id }) => [id, { peer: item.from, version: (owners[id]?.version ?? 0) + 1 }]));
        owners = mergeOwners(owners, moved);
        for (const { id } of tasks) emit({ type: 'task.moved', taskId: id, data: { from: self, to: item.from, version: moved[id]?.version } });
        const needed = new Set(tasks.flatMap(({ dependsOn }) => dependsOn));
        const fates = [...needed].flatMap((id) => fateOf(state.tasks, id) ?? []);
        outbox.send(item.from, { kind: 'give', nth: item.nth, tasks: tasks.map(({ id }) => id), owners: moved, fates });
        if (tasks.length > 0) gossip({ kind: 'owners', owners: moved }, item.from);
        return;
      }
      case 'give':
        owners = mergeOwners(owners, item.owners);
        learn(item.fates);
        if (item.tasks.length === 0) loads.set(from, { spare: 0, asOf: loads.get(from)?.asOf ?? 0 });
        answered = Math.max(answered, item.nth);
    }
  };
  wf.setHandler(
    peerSignal,
    ({ from, items }) => {
      for (const item of items) receive(from, item);
    },
    { description: 'From another peer: fates of tasks, work asked for and given, and gossip about owners and loads.' },
  );
  wf.setHandler(
    rosterSignal,
    ({ peers: living, owners: known, added, fates, version }) => {
      // Who lives is as of the newest roll; the rest joins in any order.
      if (isNewRoll(version)) {
        hasNewcomers ||= Object.entries(living).some(([name, id]) => name !== self && peers[name] !== id);
        peers = living;
      }
      for (const spec of added) if (!taskOf(state, spec.id)) state.tasks.push(openTask(spec, { parent: null }));
      owners = mergeOwners(owners, known);
      catchUp();
      learn(fates);
    },
    { description: 'From the mesh: the peers that live, who owns what by now, and tasks that people added.' },
  );

  /** Own tasks that have settled, by the peer that waits for them and has not been told. */
  const news = (): readonly { readonly peer: string; readonly id: string }[] =>
    state.tasks
      .filter(({ status }) => status === 'pending')
      .flatMap((task) => {
        const peer = ownerOf(owners, state.tasks, task);
        if (peer === null || peer === self) return [];
        return task.dependsOn.flatMap((id) => {
          const needed = taskOf(state, id);
          return needed && owns(needed) && !told.has(`${peers[peer] ?? ''} ${id}`) && fateOf(state.tasks, id) ? [{ peer, id }] : [];
        });
      });
  const tell = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => isClosing || news().length > 0);
      const open = news();
      if (open.length === 0) return;
      for (const { peer, id } of open) {
        told.add(`${peers[peer] ?? ''} ${id}`);
        const fate = fateOf(state.tasks, id);
        if (fate) outbox.send(peer, { kind: 'fate', fate });
      }
    }
  };

  /** Says whether there is work to spare, each time that changes, and again to newcomers. */
  const advertise = async (): Promise<void> => {
    let said = false;
    for (let asOf = 1; ; asOf += 1) {
      await wf.condition(() => isClosing || spare().length > 0 !== said || (said && hasNewcomers));
      if (isClosing) return;
      said = spare().length > 0;
      hasNewcomers = false;
      gossip({ kind: 'load', peer: self, spare: spare().length, asOf });
    }
  };

  const isIdle = (): boolean => !control().paused && !wantsHandOver() && free() > 0 && !allSettled(state.tasks) && !readyTasks(state.tasks).some(owns);
  const victim = (): string | null => {
    const surplus = Object.fromEntries([...loads].filter(([peer]) => peer in peers).map(([peer, load]) => [peer, load.spare]));
    return chooseVictim(self, surplus, Object.fromEntries(breakers), Date.now());
  };
  const steal = async (): Promise<void> => {
    for (let nth = 1; ; nth += 1) {
      await wf.condition(() => isClosing || (isIdle() && victim() !== null));
      const from = victim();
      if (isClosing || from === null) return;
      breakers.set(from, onRequest(breakers.get(from) ?? closedBreaker));
      outbox.send(from, { kind: 'steal', from: self, nth });
      const came = await wf.condition(() => isClosing || answered >= nth, ANSWER_WITHIN, { summary: `asks ${from} for work` });
      breakers.set(from, came ? onSuccess() : onFailure(breakers.get(from) ?? closedBreaker, Date.now()));
    }
  };
  const pumps = wf.CancellationScope.nonCancellable(() => Promise.all([tell(), advertise(), steal()]));

  return {
    owns,
    slots: () => post.slots,
    running,
    isLeased: true,
    close: async () => {
      isClosing = true;
      await pumps;
      await outbox.close();
    },
  };
};
