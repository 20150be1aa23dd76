import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { costOf, isUnlimited, openBudget, raiseRefusal, reserve, settle, upperBound, type Amount } from '../../domain/budget.js';

const amount = fc.record({ tokens: fc.nat({ max: 500 }), microUsd: fc.nat({ max: 500 }) });
/** Calls that start and end in any order; each uses at most what it reserved. */
const calls = fc.array(fc.record({ bound: amount, share: fc.double({ min: 0, max: 1, noNaN: true }), endsAfter: fc.nat({ max: 5 }) }), { maxLength: 60 });

property.prop([calls, fc.nat({ max: 3_000 }), fc.nat({ max: 3_000 })])('racing calls never pass the limit, and all reservations come back', (drawn, tokens, microUsd) => {
  let budget = openBudget(tokens, microUsd);
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
      open.push({ left: endsAfter, bound, used: { tokens: Math.floor(bound.tokens * share), microUsd: Math.floor(bound.microUsd * share) } });
    }
    for (const call of open.filter(({ left }) => left === 0)) end(call);
    open = open.filter(({ left }) => left > 0).map((call) => ({ ...call, left: call.left - 1 }));
    expect(budget.spent.tokens + budget.reserved.tokens).toBeLessThanOrEqual(tokens);
    expect(budget.spent.microUsd + budget.reserved.microUsd).toBeLessThanOrEqual(microUsd);
  }
  for (const call of open) end(call);
  expect(budget.reserved).toEqual({ tokens: 0, microUsd: 0 });
  expect(budget.spent.tokens).toBe(spent);
});

test('an unknown price costs null, never 0; a known one is rounded up', () => {
  expect(costOf(null, 10, 10)).toBeNull();
  expect(costOf({ inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 }, 1, 0)).toBe(1);
});
test('the bound of a call is at least what it can use: a byte is at most one token', () => {
  expect(upperBound({ inputMicroUsdPerMillion: 1e6, outputMicroUsdPerMillion: 2e6 }, 100, 50)).toEqual({ tokens: 150, microUsd: 200 });
});
test('a limit refuses what does not fit; no limit refuses nothing', () => {
  expect(reserve(openBudget(10, null), { tokens: 11, microUsd: 0 })).toBeNull();
  expect(reserve(openBudget(null, 10), { tokens: 0, microUsd: 11 })).toBeNull();
  expect(reserve(openBudget(null, null), { tokens: 1e9, microUsd: 1e9 })).not.toBeNull();
  expect([isUnlimited(openBudget(null, null)), isUnlimited(openBudget(1, null)), isUnlimited(openBudget(null, 0))]).toEqual([true, false, false]);
});
test('limits go only upwards, and only where there is one', () => {
  const limits = { tokens: 100, microUsd: null };
  expect(raiseRefusal(limits, { tokens: 100 })).toBeNull();
  expect(raiseRefusal(limits, { tokens: 99 })).toContain('not lowered');
  expect(raiseRefusal(limits, { microUsd: 5 })).toContain('no such limit');
});
