import { expect, test } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** Rows I6 and C8: a hundred agents race for a budget that covers some of their calls; whatever the topology, it is never overshot, and used as far as it goes. */
const suite = engineSuite(() => undefined);
const ROLES = ['researcher', 'coder', 'tester', 'architect'] as const;
const tasks = Array.from({ length: 120 }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: ROLES[i % ROLES.length] ?? '' }));
/** What the fake model uses in a call. */
const TOKENS_A_CALL = 110;

test.each(TOPOLOGIES)('%s: a hundred racing agents overshoot a budget by nothing', { timeout: 120_000 }, async (topology) => {
  const budget = 9_000;
  const view = await suite.engine().run({ topology, review: false, maxAgents: 100, budgetTokens: budget, tasks });
  const used = view.usage.inputTokens + view.usage.outputTokens;
  expect(view.status).toBe('budget_exhausted');
  expect(used).toBeLessThanOrEqual(budget);
  // Nobody holds anything back: what is left does not cover one more call with its whole output allowance.
  expect(budget - used).toBeLessThan(TOKENS_A_CALL + 3_000);
  expect(view.tasks.filter(({ status }) => status === 'succeeded').length).toBe(used / TOKENS_A_CALL);
});

test.each(TOPOLOGIES)('%s: a limit of calls is used to the last one and never passed', { timeout: 120_000 }, async (topology) => {
  const swarmId = await suite.engine().start({ topology, review: false, maxAgents: 100, budgetCalls: 37, tasks });
  const view = await suite.engine().end(swarmId);
  expect(view).toMatchObject({ status: 'budget_exhausted', usage: { modelCalls: 37 }, budget: { calls: 37 } });
  expect(suite.model().requests.filter(({ key }) => key.startsWith(`${swarmId}/`))).toHaveLength(37);
  expect(view.failure).toMatchObject({ why: 'It may need 1 call; spent so far: 37 calls.', fix: expect.stringContaining('--budget-calls') });
});
