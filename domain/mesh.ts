import { closedBreaker, isAllowed, type Breaker } from './breaker.js';
import { ancestorOf, type Fate } from './fates.js';
import { fnv1a } from './hash.js';
import type { TaskState } from './task-state.js';
import { readyTasks } from './task-graph.js';

/** Pure decisions of a mesh: who owns what, whom to tell, whom to take work from. */

export const peerName = (i: number): string => `peer-${i + 1}`;

/** Which peer owns a task, and the how-manieth owner that is: the higher number wins, so that news may arrive in any order and more than once. */
export interface Ownership {
  readonly peer: string;
  readonly version: number;
}
export type Owners = Readonly<Record<string, Ownership>>;

/** The first owners: tasks of the plan in turn. */
export const spread = (tasks: readonly TaskState[], peers: readonly string[]): Owners =>
  Object.fromEntries(tasks.filter(({ parent }) => parent === null).map(({ id }, i) => [id, { peer: peers[i % peers.length] ?? '', version: 1 }]));

/** Joins two views of ownership: commutative, associative and idempotent; a tie goes to the name that sorts last. */
export const mergeOwners = (a: Owners, b: Owners): Owners => {
  const merged: Record<string, Ownership> = { ...a };
  for (const [id, theirs] of Object.entries(b)) {
    const ours = merged[id];
    if (!ours || theirs.version > ours.version || (theirs.version === ours.version && theirs.peer > ours.peer)) merged[id] = theirs;
  }
  return merged;
};

/** Owner of a task; sub-tasks stay with the task they were split from. */
export const ownerOf = (owners: Owners, tasks: readonly TaskState[], task: TaskState): string | null => owners[ancestorOf(tasks, task).id]?.peer ?? null;

/** Whom a peer gossips to: the peers 1, 2, 4, … places on in the ring. ⌈log₂ n⌉ of them, and everybody hears within ⌈log₂ n⌉ steps. */
export const gossipTargets = (peers: readonly string[], self: string): readonly string[] => {
  const at = peers.indexOf(self);
  const targets = new Set<string>();
  for (let step = 1; step < peers.length; step *= 2) targets.add(peers[(at + step) % peers.length] ?? self);
  targets.delete(self);
  return [...targets];
};

/** Whom an idle peer asks for work: who said it has most to spare, breakers permitting; ties by a hash, so that the idle do not all ask the same. Null = nobody. */
export const chooseVictim = (self: string, surplus: Readonly<Record<string, number>>, breakers: Readonly<Record<string, Breaker>>, now: number): string | null => {
  const order = (peer: string): number => fnv1a(`${self} ${peer}`);
  const candidates = Object.entries(surplus)
    .filter(([peer, spare]) => peer !== self && spare > 0 && isAllowed(breakers[peer] ?? closedBreaker, now))
    .sort(([a, spareA], [b, spareB]) => spareB - spareA || order(a) - order(b));
  return candidates[0]?.[0] ?? null;
};

/** What a peer has to spare: ready tasks that it will not begin now, by priority; only tasks of the plan, which nothing was split from. */
export const surplusOf = (tasks: readonly TaskState[], owns: (task: TaskState) => boolean, freeSlots: number): readonly TaskState[] => {
  const ready = readyTasks(tasks).filter((task) => owns(task) && task.parent === null && task.agentId === null);
  return ready.slice(Math.max(0, freeSlots));
};
/** What it gives away when it is asked: half of that, the least urgent first. */
export const handOut = (spare: readonly TaskState[]): readonly TaskState[] => [...spare].reverse().slice(0, Math.ceil(spare.length / 2));

/** Hands tasks that nobody alive owns to the living, each to whoever has least; `load` = open tasks by living peer. */
export const adopt = (owners: Owners, orphans: readonly string[], load: ReadonlyMap<string, number>): Owners => {
  const loads = new Map(load);
  return orphans.reduce((known, id) => {
    const [poorest] = [...loads].reduce((least, one) => (one[1] < least[1] ? one : least), [...loads][0] ?? ['', 0]);
    loads.set(poorest, (loads.get(poorest) ?? 0) + 1);
    return mergeOwners(known, { [id]: { peer: poorest, version: (known[id]?.version ?? 0) + 1 } });
  }, owners);
};

/** One thing a peer tells another. `load` and `owners` are gossip: passed on by whoever learns something new from them. */
export type PeerItem =
  | { readonly kind: 'fate'; readonly fate: Fate }
  | { readonly kind: 'steal'; readonly from: string; readonly nth: number }
  | { readonly kind: 'give'; readonly nth: number; readonly tasks: readonly string[]; readonly owners: Owners; readonly fates: readonly Fate[] }
  | { readonly kind: 'owners'; readonly owners: Owners }
  | { readonly kind: 'load'; readonly peer: string; readonly spare: number; readonly asOf: number };
