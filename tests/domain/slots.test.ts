import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { openVersions } from '../../domain/versions.js';
import { grantOf, joinSlots, leaveSlots, openSlots, requestSlots, resizeSlots, type SlotPool } from '../../domain/slots.js';

const held = ({ members }: SlotPool): number => [...members.values()].reduce((sum, member) => sum + member.held, 0);

test('those who come together share; what one gives back goes to who wants it', () => {
  const pool = openSlots(8);
  joinSlots(pool, { a: { wants: 10 }, b: { wants: 10 }, c: { wants: 1 } });
  expect([...pool.members].map(([id, member]) => [id, member.held])).toEqual([
    ['a', 4],
    ['b', 3],
    ['c', 1],
  ]);
  expect(requestSlots(pool, 'a', { wants: 1, holds: 1, asOf: 1 })).toEqual(['a', 'b']);
  expect(pool.members.get('b')?.held).toBe(6);
  expect(leaveSlots(pool, 'b')).toEqual([]);
  expect(requestSlots(pool, 'c', { wants: 5, holds: 1, asOf: 1 })).toEqual(['c']);
  expect([pool.members.get('c')?.held, held(pool)]).toEqual([5, 6]);
});
test('a request that was overtaken by a newer one changes nothing', () => {
  const pool = openSlots(4);
  joinSlots(pool, { a: { wants: 4 } });
  requestSlots(pool, 'a', { wants: 1, holds: 1, asOf: 2 });
  expect(requestSlots(pool, 'a', { wants: 4, holds: 4, asOf: 1 })).toEqual([]);
  expect(pool.members.get('a')).toEqual({ held: 1, wants: 1, urgency: 3, asOf: 2, target: null });
});

test('whoever has nothing is given a place of the richest, once that says that it is free', () => {
  const pool = openSlots(6);
  joinSlots(pool, { rich: { wants: 10 }, other: { wants: 10 } });
  expect(joinSlots(pool, { late: { wants: 2 } })).toEqual(['rich']);
  const grants = (): readonly number[] => [...pool.members.values()].map(grantOf);
  expect([grants(), held(pool)]).toEqual([[2, 3, 0], 6]);
  // Still at work on all three: nothing is free yet, and it is not asked for twice.
  expect(requestSlots(pool, 'rich', { wants: 10, holds: 3, asOf: 1 })).toEqual(['rich']);
  expect(grants()).toEqual([2, 3, 0]);
  expect(requestSlots(pool, 'rich', { wants: 9, holds: 2, asOf: 2 })).toEqual(['rich', 'late']);
  expect([grants(), held(pool)]).toEqual([[2, 3, 1], 6]);
});
test('fewer places than before come back from the richest; with too few for all, the last place of one is not taken for another', () => {
  const pool = openSlots(6);
  joinSlots(pool, { a: { wants: 9 }, b: { wants: 9 } });
  expect(resizeSlots(pool, 3)).toEqual(['a', 'b']);
  expect([...pool.members.values()].map(grantOf)).toEqual([1, 2]);
  const few = openSlots(2);
  joinSlots(few, { a: { wants: 5 }, b: { wants: 5 } });
  expect(joinSlots(few, { c: { wants: 5 } })).toEqual([]);
});
test('with too few places for all, the only one of somebody goes to somebody more urgent', () => {
  const pool = openSlots(2);
  joinSlots(pool, { a: { wants: 5 }, b: { wants: 5, urgency: 4 } });
  expect(joinSlots(pool, { c: { wants: 5, urgency: 3 } })).toEqual(['b']);
  expect(requestSlots(pool, 'b', { wants: 5, urgency: 4, holds: 0, asOf: 1 })).toEqual(['b', 'c']);
  expect([...pool.members.values()].map(grantOf)).toEqual([1, 0, 1]);
  // Nobody is less urgent than `b`: it waits.
  expect(requestSlots(pool, 'b', { wants: 6, urgency: 4, holds: 0, asOf: 2 })).toEqual(['b']);
});
test('a pool of an earlier run takes nothing back', () => {
  const pool = openSlots(4, false);
  joinSlots(pool, { a: { wants: 9 } });
  expect(joinSlots(pool, { b: { wants: 9 } })).toEqual([]);
});

/** A member starts tasks on the places it was granted and asks for as many as it could use; messages are late, and overtake each other. */
const steps = fc.array(
  fc.record({ kind: fc.constantFrom('start', 'finish', 'new work', 'tell', 'deliver', 'receive', 'resize'), member: fc.nat({ max: 3 }), n: fc.nat({ max: 9 }) }),
  { maxLength: 120 },
);
property.prop([steps, fc.integer({ min: 1, max: 10 })], { numRuns: 3_000 })(
  'members together never use more than the total, however messages are delayed or overtake each other; once all have arrived nobody who wants a place has none while another has two',
  (drawn, total) => {
    const pool = openSlots(total);
    const ids = ['m0', 'm1', 'm2', 'm3'];
    let [version, most] = [0, total];
    const members = ids.map((id) => ({
      id,
      running: 0,
      ready: 0,
      held: 0,
      known: 0,
      asked: { wants: Number.POSITIVE_INFINITY, nth: 0 },
      up: [] as { wants: number; holds: number; asOf: number }[],
      down: [] as { slots: number; held: number; asOf: number; version: number }[],
      isNews: openVersions(),
    }));
    type Member = (typeof members)[number];
    const grant = (changed: readonly string[]): void => {
      for (const member of members) {
        const of = pool.members.get(member.id);
        if (of && changed.includes(member.id)) member.down.push({ slots: grantOf(of), held: of.held, asOf: of.asOf, version: (version += 1) });
      }
    };
    joinSlots(pool, { m0: { wants: 12 }, m1: { wants: 12 } });
    for (const member of members) member.known = member.held = pool.members.get(member.id)?.held ?? 0;
    for (const member of members.slice(0, 2)) member.ready = 12;
    grant(joinSlots(pool, { m2: { wants: 0 }, m3: { wants: 0 } }));
    const holds = (member: Member): number => Math.max(member.running, Math.min(member.held, member.asked.wants));
    const tell = (member: Member): void => {
      const wants = member.running + member.ready;
      if (wants === member.asked.wants && holds(member) >= member.known) return;
      member.asked = { wants, nth: member.asked.nth + 1 };
      member.held = Math.min(member.held, wants);
      member.known = holds(member);
      member.up.push({ wants, holds: member.known, asOf: member.asked.nth });
    };
    const receive = (member: Member, at: number): void => {
      const [answer] = member.down.splice(member.down.length === 0 ? 0 : at % member.down.length, 1);
      if (!answer || !member.isNews(answer.version) || answer.asOf !== member.asked.nth) return;
      member.held = answer.slots;
      member.known = answer.held;
    };
    const deliver = (member: Member): void => {
      const request = member.up.shift();
      if (request) grant(requestSlots(pool, member.id, request));
    };
    const start = (member: Member): void => {
      if (member.ready === 0 || member.running >= Math.min(member.held, member.asked.wants)) return;
      member.ready -= 1;
      member.running += 1;
    };
    const inUse = (): number => members.reduce((sum, { running }) => sum + running, 0);
    for (const { kind, member: i, n } of drawn) {
      const member = members[i];
      if (!member) continue;
      if (kind === 'start') start(member);
      if (kind === 'finish') member.running = Math.max(0, member.running - 1);
      if (kind === 'new work') member.ready += n;
      if (kind === 'tell') tell(member);
      if (kind === 'deliver') deliver(member);
      if (kind === 'receive') receive(member, n);
      if (kind === 'resize') {
        most = Math.max(most, n + 1);
        grant(resizeSlots(pool, n + 1));
      }
      expect(inUse()).toBeLessThanOrEqual(most);
    }
    const now = pool.total;
    // All messages arrive and tasks end one by one, until nothing changes any more.
    for (let turn = 0; turn < 60; turn += 1) {
      for (const member of members) {
        tell(member);
        while (member.up.length > 0) deliver(member);
      }
      for (const member of members) while (member.down.length > 0) receive(member, member.down.length - 1);
      for (const member of members) if (member.running > member.held) member.running -= 1;
    }
    for (const member of members) for (let i = 0; i < 12; i += 1) start(member);
    expect(inUse()).toBeLessThanOrEqual(now);
    const wanting = members.filter(({ running, ready }) => running + ready > 0);
    if (wanting.some(({ held: has }) => has === 0)) expect(Math.max(...members.map(({ held: has }) => has))).toBeLessThanOrEqual(1);
    expect(members.reduce((sum, { held: has }) => sum + has, 0)).toBeLessThanOrEqual(now);
  },
);
