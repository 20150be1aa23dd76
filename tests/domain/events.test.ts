import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { append, eventsAfter, nextSeq, openLog, tailOf } from '../../domain/events.js';
import { packState, unpackState } from '../../domain/pack-state.js';
import { openState, record } from '../../domain/swarm-state.js';
import { openTask } from '../../domain/task-state.js';
import { LIMITS } from '../../domain/limits.js';
import type { SwarmInput } from '../../domain/swarm-input.js';

const filled = (count: number) => {
  const log = openLog();
  for (let i = 0; i < count; i += 1) append(log, 'swarm-1', { type: 'task.answered', at: i, taskId: `t${i}` });
  return log;
};

property.prop([fc.nat({ max: 300 }), fc.nat({ max: 320 }), fc.nat({ max: 300 })])('a cut log answers like the whole one, or says that it can not', (count, afterSeq, keep) => {
  const whole = filled(count);
  const tail = tailOf(whole, keep);
  expect(nextSeq(tail)).toBe(nextSeq(whole));
  const answer = eventsAfter(tail, afterSeq);
  if (answer === null) expect(afterSeq + 1).toBeLessThan(tail.firstSeq);
  else expect(answer).toEqual(eventsAfter(whole, afterSeq));
});
property.prop([fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 60 })])('pages of any size follow one another without a gap or a double', (count, size) => {
  const log = filled(count);
  const seen: number[] = [];
  for (let page = eventsAfter(log, 0, size); page && page.length > 0; page = eventsAfter(log, seen.at(-1) ?? 0, size)) seen.push(...page.map(({ seq }) => seq));
  expect(seen).toEqual(Array.from({ length: count }, (_, i) => i + 1));
});

const input = { swarmId: 'swarm-1', topology: 'queen', tasks: null, budget: { tokens: 5, microUsd: null } } as unknown as SwarmInput;
test('a packed state unpacks to itself, in payloads inside the limit, with as many tasks as may be, of the longest titles', () => {
  const state = openState(input, 0);
  state.tasks = Array.from({ length: LIMITS.tasks }, (_, i) => openTask({ id: `t${i}`, title: 'x'.repeat(LIMITS.taskTitleBytes) }));
  for (let i = 0; i < 500; i += 1)
    record(state, {
      type: 'task.answered',
      at: i,
      taskId: `t${i % LIMITS.tasks}`,
      data: { output: { hash: 'h'.repeat(64), bytes: 1, preview: 'p'.repeat(LIMITS.previewChars) }, usage: { in: 1, out: 2, microUsd: 3 } },
    });
  const packed = packState(state);
  expect(Math.max(...packed.map((part) => JSON.stringify(part).length))).toBeLessThanOrEqual(LIMITS.payloadBytes);
  expect(unpackState(JSON.parse(JSON.stringify(packed)) as unknown[])).toEqual({ ...state, log: tailOf(state.log, LIMITS.eventTail) });
  expect(state.usage).toEqual({ modelCalls: 500, inputTokens: 500, outputTokens: 1_000, microUsd: 1_500 });
});
test('one call of unknown price makes the cost unknown for good', () => {
  const state = openState(input, 0);
  for (const microUsd of [1, null, 1]) record(state, { type: 'call.settled', at: 0, data: { usage: { in: 1, out: 1, microUsd } } });
  expect(state.usage.microUsd).toBeNull();
});
