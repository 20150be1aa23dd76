import { describe, expect, test, vi } from 'vitest';
import { TOPOLOGIES } from '../../domain/names.js';
import { engineSuite } from '../helpers/engine-suite.js';

/** Row C8: what was used is counted once, also where a coordinator takes over and finds answers in the ledger that its predecessor had reported. */
const suite = engineSuite(() => undefined);

describe.each(TOPOLOGIES)('%s', (topology) => {
  test('a coordinator dies between answers and their reviews: each call counts once', async () => {
    const open = suite.model().hold(/\/[abc]\/review/);
    const swarmId = await suite
      .engine()
      .start({ topology, maxAgents: 3, budgetTokens: 200_000, tasks: ['a', 'b', 'c'].map((id) => ({ id, title: `Do ${id}`, role: 'researcher' })) });
    await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'task.answered').length === 3, 30_000);
    await suite.terminateCoordinator(swarmId, topology);
    open();
    const view = await suite.engine().end(swarmId);
    const keys = new Set(suite.asked(swarmId));
    expect([view.status, view.usage.modelCalls]).toEqual(['completed', keys.size]);
    expect(view.usage.inputTokens + view.usage.outputTokens).toBe(110 * keys.size);
    // The answers were reported again: that is what would be counted twice.
    expect((await suite.events(swarmId)).filter(({ type }) => type === 'task.answered').length).toBeGreaterThan(3);
    await suite.expectWhole(
      view,
      ['a', 'b', 'c'].map((id) => `${id}/review/1`),
    );
  });
});
