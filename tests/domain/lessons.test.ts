import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { lessonsFor, lessonsMark, mergeLessons, type Lesson } from '../../domain/lessons.js';

const lesson = (n: number, craft = 'coding', taskId = `t${n}`): Lesson => ({ craft, taskId, text: { hash: `h${n}`, bytes: n } });
const some = fc.array(
  fc.record({ craft: fc.constantFrom('coding', 'research', 'testing'), n: fc.nat(40) }).map(({ craft, n }) => lesson(n, craft)),
  { maxLength: 60 },
);

test.prop([some, some], { numRuns: 1_000 })('each finding once, at most eight of a craft, and what is known stays as it is when nothing is new', (a, b) => {
  const merged = mergeLessons(mergeLessons([], a), b);
  const hashes = merged.map(({ text }) => text.hash);
  expect(new Set(hashes).size).toBe(hashes.length);
  for (const craft of ['coding', 'research', 'testing']) expect(merged.filter((one) => one.craft === craft).length).toBeLessThanOrEqual(8);
  expect(mergeLessons(merged, merged)).toBe(merged);
});

test('the newest three of the craft, none from the task itself; the order they came in decides', () => {
  const known = mergeLessons([], [lesson(1), lesson(2, 'research'), ...[3, 4, 5, 6].map((n) => lesson(n))]);
  expect(lessonsFor(known, 'coding', 't5').map(({ hash }) => hash)).toEqual(['h3', 'h4', 'h6']);
  expect(lessonsFor(known, 'testing', 't9')).toEqual([]);
  expect([lessonsMark([]), lessonsMark(lessonsFor(known, 'coding', 't9')) === lessonsMark(lessonsFor(known, 'coding', 't5'))]).toEqual(['', false]);
});
