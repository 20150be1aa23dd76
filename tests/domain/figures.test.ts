import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import type { EventDraft } from '../../domain/events.js';
import { figuresOf, type Figure } from '../../domain/figures.js';
import type { SwarmInput } from '../../domain/swarm-input.js';
import { openState, record, type SwarmState } from '../../domain/swarm-state.js';
import { statusInputOf, viewOf, type SwarmView } from '../../domain/view.js';

const TASKS = ['a', 'b', 'c'] as const;
const budget = { tokens: 9_000, microUsd: 2_500_000, calls: null };
const input = {
  swarmId: 'swarm-1',
  topology: 'queen',
  objective: 'o',
  model: { ref: 'sim/echo', provider: 'sim', name: 'echo', reason: '', simulated: true, price: null, maxOutputTokens: 100 },
  tasks: TASKS.map((id) => ({ id, title: id, ...(id === 'c' ? { dependsOn: ['a'] } : {}) })),
  budget,
} as unknown as SwarmInput;
const electorate = [1, 2, 3, 4].map((n) => ({ id: `voter-${n}`, weight: 1 }));
const proposal = { id: 'vote-1', question: 'q', form: 'choice', options: ['approve', 'reject'], electorate, rounds: 2, roundMs: 1_000 } as const;
const blob = { hash: 'h', bytes: 1, preview: 'p' };

const opened = (): SwarmState => {
  const state = openState(input, 1_000);
  record(state, { type: 'swarm.started', at: 1_000, data: { budget } });
  record(state, { type: 'plan.accepted', at: 1_000, data: { tasks: TASKS.length } });
  record(state, { type: 'vote.opened', at: 1_000, data: { proposal } });
  return state;
};
const viewAt = (state: SwarmState, now: number): SwarmView => viewOf({ input: statusInputOf(input), state, lastSeq: state.log.events.length }, now);
const check = (state: SwarmState, now: number): readonly Figure[] => figuresOf(viewAt(state, now), state.log.events);

const usage = fc.record({ in: fc.nat({ max: 99 }), out: fc.nat({ max: 99 }), microUsd: fc.option(fc.nat({ max: 99 })), call: fc.constantFrom('answer/1', 'answer/2', 'review/1') });
const draft: fc.Arbitrary<Omit<EventDraft, 'at'>> = fc.oneof(
  fc.record({ type: fc.constantFrom('task.assigned', 'task.revised', 'task.retried', 'task.skipped', 'task.failed', 'task.cancelled'), taskId: fc.constantFrom(...TASKS) }),
  fc.record({ type: fc.constant('task.succeeded'), taskId: fc.constantFrom(...TASKS), data: fc.record({ disputed: fc.boolean() }) }),
  fc.record({ type: fc.constant('task.answered'), taskId: fc.constantFrom(...TASKS), data: usage.map((used) => ({ output: blob, usage: used })) }),
  fc.record({ type: fc.constant('call.settled'), data: usage.map((used) => ({ usage: used })) }),
  fc.record({ type: fc.constant('task.added'), taskId: fc.constantFrom('x', 'y'), data: fc.constantFrom('x', 'y').map((id) => ({ spec: { id, title: id } })) }),
  fc.record({ type: fc.constant('swarm.budgetRaised'), data: fc.nat({ max: 9_999 }).map((tokens) => ({ budget: { ...budget, tokens } })) }),
  fc.record({
    type: fc.constant('vote.cast'),
    data: fc.record({
      vote: fc.constant('vote-1'),
      round: fc.nat({ max: 3 }),
      voter: fc.constantFrom('voter-1', 'voter-2', 'voter-3', 'stranger'),
      value: fc.constantFrom(['approve'], ['reject'], ['nonsense']),
      text: fc.constant(null),
      isAuthentic: fc.boolean(),
      refuted: fc.constant(null),
    }),
  }),
  fc.record({
    type: fc.constantFrom('effect.begun', 'effect.done', 'effect.undone'),
    taskId: fc.constantFrom(...TASKS),
    data: fc.constantFrom('k1', 'k2').map((effect) => ({ effect, files: ['f'], commit: 'c' })),
  }),
) as fc.Arbitrary<Omit<EventDraft, 'at'>>;

/** What a coordinator would not send: a second settling of a task. */
const isPossible = ({ tasks }: SwarmState, { type, taskId }: Omit<EventDraft, 'at'>): boolean => {
  const status = tasks.find(({ id }) => id === taskId)?.status;
  return !type.startsWith('task.') || type === 'task.added' || status === 'pending' || status === 'running';
};

property.prop([fc.array(draft, { maxLength: 60 }), fc.boolean()], { numRuns: 2_000 })('whatever happens, each figure is what its events give', (drafts, isOver) => {
  const state = opened();
  let now = 1_000;
  for (const one of drafts) if (isPossible(state, one)) record(state, { ...one, at: (now += 7) });
  if (isOver) record(state, { type: 'swarm.ended', at: (now += 7), data: { status: 'failed' } });
  expect(check(state, now + 3).filter(({ agrees }) => !agrees)).toEqual([]);
});

/** Every number of the view by its place, arrays by id where their items have one. */
const numbersIn = (value: unknown, place: string): readonly string[] => {
  if (typeof value === 'number') return [place];
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => numbersIn(item, `${place}.${(item as { id?: string } | null)?.id ?? i}`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, place === '' ? name : `${place}.${name}`));
};

const lived = (): SwarmState => {
  const state = opened();
  const drafts: readonly Omit<EventDraft, 'at'>[] = [
    { type: 'task.assigned', taskId: 'a', agentId: 'coder-1' },
    { type: 'task.answered', taskId: 'a', data: { output: blob, usage: { in: 5, out: 2, microUsd: 10, call: 'answer/1' } } },
    { type: 'vote.cast', data: { vote: 'vote-1', round: 1, voter: 'voter-1', value: ['approve'], text: null, isAuthentic: true, refuted: null } },
    { type: 'vote.roundEnded', data: { vote: 'vote-1', round: 1 } },
    { type: 'task.answered', taskId: 'a', data: { output: blob, usage: { in: 5, out: 2, microUsd: 10, call: 'answer/1' } } },
    { type: 'task.succeeded', taskId: 'a' },
  ];
  for (const [i, one] of drafts.entries()) record(state, { ...one, at: 2_000 + i });
  return state;
};

test('every number that a view shows has its events', () => {
  const state = lived();
  const named = new Set(check(state, 5_000).map(({ name }) => name));
  const numbers = numbersIn(viewAt(state, 5_000), '');
  expect(numbers).toContain('tasks.a.attempts');
  // What stands in one ballot, or in the end of one round, is in the event of that ballot or that end.
  const isNamed = (place: string): boolean => named.has(place) || /^votes\.[^.]+\.(ballots|path)\./.test(place);
  expect(numbers.filter((place) => !isNamed(place))).toEqual([]);
});

test('names the events that a figure is made of, a call that was reported twice only once', () => {
  const figures = Object.fromEntries(check(lived(), 5_000).map(({ name, ...figure }) => [name, figure]));
  expect(figures['usage.inputTokens']).toEqual({ shown: 5, recounted: 5, agrees: true, events: [5] });
  expect(figures['budget.tokens']).toEqual({ shown: 9_000, recounted: 9_000, agrees: true, events: [1] });
  expect(figures['votes.vote-1.round']).toEqual({ shown: 2, recounted: 2, agrees: true, events: [3, 7] });
  expect(figures['criticalPath.durationMs']).toEqual({ shown: 5, recounted: 5, agrees: true, events: [4, 9] });
  expect(figures['counts.succeeded']).toEqual({ shown: 1, recounted: 1, agrees: true, events: [9] });
});

test.each<[string, (view: SwarmView) => SwarmView]>([
  ['usage.modelCalls', (view) => ({ ...view, usage: { ...view.usage, modelCalls: 2 } })],
  ['usage.costUsd', (view) => ({ ...view, usage: { ...view.usage, costUsd: 0 } })],
  ['budget.usd', (view) => ({ ...view, budget: { ...view.budget, usd: null } })],
  ['counts.tasks', (view) => ({ ...view, tasks: view.tasks.slice(0, 2) })],
  ['counts.succeeded', (view) => ({ ...view, tasks: view.tasks.map((task) => ({ ...task, status: 'succeeded' })) })],
  ['tasks.a.attempts', (view) => ({ ...view, tasks: view.tasks.map((task) => ({ ...task, attempts: 3 })) })],
  ['votes.vote-1.quorum', (view) => ({ ...view, votes: view.votes.map((vote) => ({ ...vote, quorum: 2 })) })],
  ['votes.vote-1.ballots', (view) => ({ ...view, votes: view.votes.map((vote) => ({ ...vote, ballots: [] })) })],
])('a view that lies about %s is found out', (name, lie) => {
  const state = lived();
  const figures = figuresOf(lie(viewAt(state, 5_000)), state.log.events);
  expect(figures.filter(({ agrees }) => !agrees).map((figure) => figure.name)).toContain(name);
});
