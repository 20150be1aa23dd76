import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findTask } from '../../domain/task-index.js';

type Step = readonly ['add' | 'replace' | 'find', number];
const step = fc.tuple(fc.constantFrom('add', 'replace', 'find'), fc.nat(20)) as fc.Arbitrary<Step>;

test('finds what a search through the list finds, while the list grows and its tasks are replaced', () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tasks: { id: string; version: number }[] = [];
      for (const [kind, n] of steps) {
        const id = `t${n}`;
        const at = tasks.findIndex((task) => task.id === id);
        if (kind === 'add') tasks.push({ id, version: 0 });
        if (kind === 'replace' && at >= 0) tasks[at] = { id, version: n };
        expect(findTask(tasks, id)).toBe(tasks.find((task) => task.id === id));
      }
      expect(findTask(tasks, undefined)).toBeUndefined();
    }),
    { numRuns: 2_000 },
  ));
