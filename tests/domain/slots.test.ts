import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { openVersions } from '../../domain/versions.js';
import { joinSlots, leaveSlots, openSlots, requestSlots, type SlotPool } from '../../domain/slots.js';

const held = ({ members }: SlotPool): number => [...members.values()].reduce((sum, member) => sum + member.held, 0);

test('those who come together share; what one gives back goes to who wants it', () => {
  const pool = openSlots(8);
  joinSlots(pool, { a: 10, b: 10, c: 1 });
  expect([...pool.members].map(([id, member]) => [id, member.held])).toEqual([
    ['a', 4],
    ['b', 3],
    ['c', 1],
  ]);
  expect(requestSlots(pool, 'a', 1, 1)).toEqual(['a', 'b']);
  expect(pool.members.get('b')?.held).toBe(6);
  expect(leaveSlots(pool, 'b')).toEqual([]);
  expect(requestSlots(pool, 'c', 5, 1)).toEqual(['c']);
  expect([pool.members.get('c')?.held, held(pool)]).toEqual([5, 6]);
});
test('a request that was overtaken by a newer one changes nothing', () => {
  const pool = openSlots(4);
  joinSlots(pool, { a: 4 });
  requestSlots(pool, 'a', 1, 2);
  expect(requestSlots(pool, 'a', 4, 1)).toEqual([]);
  expect(pool.members.get('a')).toEqual({ held: 1, wants: 1, asOf: 2 });
});

/** A member keeps to what it holds and to what it last asked for; grants arrive late, or after a newer request. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), member: fc.nat({ max: 3 }), wants: fc.nat({ max: 12 }) }),
    fc.record({ kind: fc.constant('deliver' as const), member: fc.nat({ max: 3 }), wants: fc.constant(0) }),
    // `wants` says which of the waiting answers arrives: one may overtake another.
    fc.record({ kind: fc.constant('receive' as const), member: fc.nat({ max: 3 }), wants: fc.nat({ max: 5 }) }),
  ),
  { maxLength: 80 },
);
property.prop([steps, fc.integer({ min: 1, max: 10 })], { numRuns: 2_000 })(
  'members together never use more than the total, however messages are delayed or overtake each other, and in the end each knows what it holds',
  (drawn, total) => {
    const pool = openSlots(total);
    const ids = ['m0', 'm1', 'm2', 'm3'];
    joinSlots(pool, Object.fromEntries(ids.map((id) => [id, 12])));
    const members = ids.map((id) => ({
      id,
      granted: pool.members.get(id)?.held ?? 0,
      wants: 12,
      nth: 0,
      up: [] as { wants: number; nth: number }[],
      down: [] as { slots: number; asOf: number; version: number }[],
      isNews: openVersions(),
    }));
    let version = 0;
    const grant = (changed: readonly string[]): void => {
      for (const id of changed) {
        version += 1;
        members.find((one) => one.id === id)?.down.push({ slots: pool.members.get(id)?.held ?? 0, asOf: pool.members.get(id)?.asOf ?? 0, version });
      }
    };
    const receive = (member: (typeof members)[number], nth: number): void => {
      const [answer] = member.down.splice(member.down.length === 0 ? 0 : nth % member.down.length, 1);
      if (answer && member.isNews(answer.version) && answer.asOf === member.nth) member.granted = answer.slots;
    };
    for (const { kind, member: i, wants } of drawn) {
      const member = members[i];
      if (!member) continue;
      if (kind === 'ask') {
        member.nth += 1;
        member.wants = wants;
        member.granted = Math.min(member.granted, wants);
        member.up.push({ wants, nth: member.nth });
      }
      const request = kind === 'deliver' ? member.up.shift() : undefined;
      if (request) grant(requestSlots(pool, member.id, request.wants, request.nth));
      if (kind === 'receive') receive(member, wants);
      expect(held(pool)).toBeLessThanOrEqual(total);
      expect(members.reduce((sum, one) => sum + Math.min(one.granted, one.wants), 0)).toBeLessThanOrEqual(total);
    }
    for (const member of members) for (const request of member.up.splice(0)) grant(requestSlots(pool, member.id, request.wants, request.nth));
    for (const member of members) while (member.down.length > 0) receive(member, member.down.length - 1);
    for (const member of members) expect(Math.min(member.granted, member.wants)).toBe(pool.members.get(member.id)?.held);
  },
);
