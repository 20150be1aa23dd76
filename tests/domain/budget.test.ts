import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { amountText, costOf, freeOf, isUnlimited, limitsIn, limitsOf, NOTHING, openBudget, raiseRefusal, reserve, settle, upperBound, type Amount } from '../../domain/budget.js';

const amount = fc.record({ tokens: fc.nat({ max: 500 }), microUsd: fc.nat({ max: 500 }), calls: fc.constant(1) });
/** Calls that start and end in any order; each uses at most what it reserved. */
const calls = fc.array(fc.record({ bound: amount, share: fc.double({ min: 0, max: 1, noNaN: true }), endsAfter: fc.nat({ max: 5 }) }), { maxLength: 60 });

property.prop([calls, fc.nat({ max: 3_000 }), fc.nat({ max: 3_000 }), fc.nat({ max: 30 })])(
  'racing calls never pass a limit, and all reservations come back',
  (drawn, tokens, microUsd, most) => {
    let budget = openBudget({ tokens, microUsd, calls: most });
    let open: { left: number; bound: Amount; used: Amount }[] = [];
    let spent = 0;
    const end = (call: (typeof open)[number]): void => {
      budget = settle(budget, call.bound, call.used);
      spent += call.used.tokens;
    };
    for (const { bound, share, endsAfter } of drawn) {
      const held = reserve(budget, bound);
      if (held) {
        budget = held;
        open.push({ left: endsAfter, bound, used: { tokens: Math.floor(bound.tokens * share), microUsd: Math.floor(bound.microUsd * share), calls: 1 } });
      }
      for (const call of open.filter(({ left }) => left === 0)) end(call);
      open = open.filter(({ left }) => left > 0).map((call) => ({ ...call, left: call.left - 1 }));
      expect(budget.spent.tokens + budget.reserved.tokens).toBeLessThanOrEqual(tokens);
      expect(budget.spent.microUsd + budget.reserved.microUsd).toBeLessThanOrEqual(microUsd);
      expect((budget.spent.calls ?? 0) + (budget.reserved.calls ?? 0)).toBeLessThanOrEqual(most);
    }
    for (const call of open) end(call);
    expect(budget.reserved).toEqual(NOTHING);
    expect(budget.spent.tokens).toBe(spent);
  },
);

test('an unknown price costs null, never 0; a known one is rounded up', () => {
  expect(costOf(null, 10, 10)).toBeNull();
  expect(costOf({ inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 }, 1, 0)).toBe(1);
});
test('the bound of a call is at least what it can use: a byte is at most one token', () => {
  expect(upperBound({ inputMicroUsdPerMillion: 1e6, outputMicroUsdPerMillion: 2e6 }, 100, 50)).toEqual({ tokens: 150, microUsd: 200, calls: 1 });
});
test('a limit refuses what does not fit; no limit refuses nothing', () => {
  expect(reserve(openBudget({ tokens: 10, microUsd: null }), { tokens: 11, microUsd: 0 })).toBeNull();
  expect(reserve(openBudget({ tokens: null, microUsd: 10 }), { tokens: 0, microUsd: 11 })).toBeNull();
  expect(reserve(openBudget({ tokens: null, microUsd: null }), { tokens: 1e9, microUsd: 1e9 })).not.toBeNull();
  expect(reserve(openBudget({ tokens: null, microUsd: null, calls: 1 }), { tokens: 0, microUsd: 0, calls: 2 })).toBeNull();
  expect([{}, { tokens: 1 }, { microUsd: 0 }, { calls: 1 }].map((limits) => isUnlimited(openBudget({ tokens: null, microUsd: null, ...limits })))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
test('limits go only upwards, and only where there is one', () => {
  const limits = { tokens: 100, microUsd: null };
  expect(raiseRefusal(limits, { tokens: 100 })).toBeNull();
  expect(raiseRefusal(limits, { tokens: 99 })).toContain('not lowered');
  expect(raiseRefusal(limits, { microUsd: 5 })).toContain('no such limit');
});
test('records older than the limit of calls have none, and have used none', () => {
  const old = { tokens: 10, microUsd: null, spent: { tokens: 4, microUsd: 0 }, reserved: { tokens: 0, microUsd: 0 } };
  expect(reserve(old, { tokens: 6, microUsd: 0, calls: 1 })).not.toBeNull();
  expect(freeOf(old, old.spent, [{ tokens: 1, microUsd: 0 }])).toEqual({ tokens: 5, microUsd: 0, calls: 0 });
  expect(limitsOf(old, { tokens: 5, microUsd: 0 })).toEqual({ tokens: 5, microUsd: null, calls: null });
});
test('a raised limit leaves the others', () => {
  expect(limitsIn({ tokens: 10, microUsd: null, calls: 3 }, { calls: 5 })).toEqual({ tokens: 10, microUsd: null, calls: 5 });
});
test('an amount names what is limited, in words', () => {
  expect(amountText({ tokens: 7, microUsd: 1_500_000, calls: 1 }, { tokens: 10, microUsd: null, calls: 3 })).toBe('7 tokens, 1 call');
  expect(amountText({ tokens: 7, microUsd: 1_500_000, calls: 1 }, { tokens: null, microUsd: 2, calls: null })).toBe('$1.5');
});
