import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeGroups } from '../../domain/prompts.js';

test('groups hold everything once and in order, none more than allowed, of nearly the same size', () =>
  fc.assert(
    fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 60 }), (count, most) => {
      const items = Array.from({ length: count }, (_, i) => i);
      const groups = mergeGroups(items, most);
      const sizes = groups.map(({ length }) => length);
      expect(groups.flat()).toEqual(items);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(groups.length).toBe(Math.max(1, Math.ceil(count / most)));
    }),
    { numRuns: 1_000 },
  ));
