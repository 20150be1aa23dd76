import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { BREAKER, closedBreaker, isAllowed, onFailure, onRequest, onSuccess, type Breaker } from '../../domain/breaker.js';
import { adopt, chooseVictim, gossipTargets, handOut, mergeOwners, ownerOf, peerName, spread, surplusOf, type Owners } from '../../domain/mesh.js';
import { openTask, type TaskState } from '../../domain/task-state.js';

const task = (id: string, more: Partial<TaskState> = {}): TaskState => ({ ...openTask({ id, title: `Do ${id}`, role: 'coder' }), ...more });

describe('who owns a task', () => {
  const view: fc.Arbitrary<Owners> = fc.dictionary(
    fc.constantFrom('t1', 't2', 't3'),
    fc.record({ peer: fc.constantFrom('peer-1', 'peer-2', 'peer-3'), version: fc.integer({ min: 1, max: 4 }) }),
  );
  property.prop([view, view, view], { numRuns: 5_000 })('converges however news arrives: joining views is commutative, associative and idempotent', (a, b, c) => {
    expect(mergeOwners(a, b)).toEqual(mergeOwners(b, a));
    expect(mergeOwners(mergeOwners(a, b), c)).toEqual(mergeOwners(a, mergeOwners(b, c)));
    expect(mergeOwners(mergeOwners(a, b), b)).toEqual(mergeOwners(a, b));
  });
  test('begins with tasks of the plan in turn; sub-tasks stay with theirs', () => {
    const tasks = [task('a'), task('b'), task('c'), task('b.x', { parent: 'b' })];
    const owners = spread(tasks, ['peer-1', 'peer-2']);
    expect(tasks.map((one) => ownerOf(owners, tasks, one))).toEqual(['peer-1', 'peer-2', 'peer-1', 'peer-2']);
  });
});

test('what the dead owned goes to whoever has least, under a version that wins', () => {
  const owners: Owners = { a: { peer: 'peer-1', version: 3 }, b: { peer: 'peer-1', version: 1 }, c: { peer: 'peer-2', version: 1 } };
  const adopted = adopt(
    owners,
    ['a', 'b', 'new'],
    new Map([
      ['peer-2', 1],
      ['peer-3', 0],
    ]),
  );
  expect(adopted).toEqual({ a: { peer: 'peer-3', version: 4 }, b: { peer: 'peer-2', version: 2 }, c: { peer: 'peer-2', version: 1 }, new: { peer: 'peer-3', version: 1 } });
  expect(mergeOwners(owners, adopted)).toEqual(adopted);
});

property.prop([fc.integer({ min: 1, max: 130 }), fc.nat({ max: 129 })])('gossip reaches every peer within ⌈log₂ n⌉ steps, from each by ⌈log₂ n⌉ letters', (n, from) => {
  const peers = Array.from({ length: n }, (_, i) => peerName(i));
  const steps = Math.ceil(Math.log2(n));
  let heard = new Set([peers[from % n] ?? '']);
  for (let step = 0; step < steps; step += 1) heard = new Set([...heard, ...[...heard].flatMap((peer) => gossipTargets(peers, peer))]);
  expect(heard.size).toBe(n);
  expect(gossipTargets(peers, peers[0] ?? '').length).toBeLessThanOrEqual(Math.max(0, steps));
});

describe('taking work', () => {
  test('from whoever has most to spare, never from oneself or past an open breaker', () => {
    const open: Breaker = { failures: 5, openedAt: 0, isProbing: false };
    expect(chooseVictim('peer-1', { 'peer-1': 9, 'peer-2': 1, 'peer-3': 4 }, {}, 0)).toBe('peer-3');
    expect(chooseVictim('peer-1', { 'peer-2': 1, 'peer-3': 4 }, { 'peer-3': open }, 10)).toBe('peer-2');
    expect(chooseVictim('peer-1', { 'peer-2': 0 }, {}, 0)).toBeNull();
  });
  test('half of what its owner will not begin now, the least urgent first; nothing that was begun or split', () => {
    const tasks = [task('a', { priority: 1 }), task('b'), task('c'), task('d', { priority: 5 }), task('e', { agentId: 'coder-1' }), task('f', { parent: 'a' })];
    const spare = surplusOf(tasks, () => true, 1);
    expect(spare.map(({ id }) => id)).toEqual(['b', 'c', 'd']);
    expect(handOut(spare).map(({ id }) => id)).toEqual(['d', 'c']);
    expect(handOut([])).toEqual([]);
  });
});

describe('a breaker', () => {
  test('opens after five failures in a row, lets one probe through after a pause, and closes on its success', () => {
    let breaker = closedBreaker;
    for (let i = 0; i < BREAKER.failures; i += 1) {
      expect(isAllowed(breaker, i)).toBe(true);
      breaker = onFailure(onRequest(breaker), i);
    }
    expect(isAllowed(breaker, 5)).toBe(false);
    const later = 4 + BREAKER.pauseMs;
    expect(isAllowed(breaker, later)).toBe(true);
    const probing = onRequest(breaker);
    expect(isAllowed(probing, later)).toBe(false);
    expect(isAllowed(onFailure(probing, later), later + 1)).toBe(false);
    expect(isAllowed(onSuccess(), later)).toBe(true);
  });
  property.prop([fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 20_000 })), { maxLength: 60 })])('lets at most one request through per pause while it is open', (steps) => {
    let breaker = closedBreaker;
    let now = 0;
    let lastProbe = Number.NEGATIVE_INFINITY;
    for (const [succeeds, wait] of steps) {
      now += wait;
      if (!isAllowed(breaker, now)) continue;
      if (breaker.openedAt !== null) {
        expect(now - lastProbe).toBeGreaterThanOrEqual(BREAKER.pauseMs);
        lastProbe = now;
      } else lastProbe = Number.NEGATIVE_INFINITY;
      breaker = succeeds ? onSuccess() : onFailure(onRequest(breaker), now);
    }
  });
});
