import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canPlace, placeTasks, type RegionLoad } from '../../domain/placement.js';
import { openTask, type TaskState } from '../../domain/task-state.js';

/** Where tasks go: to the quiet, the cheap, and where what they need is; never more than there is room for, and none before what it needs has a place. */
const at = (name: string, more: Partial<RegionLoad> = {}): RegionLoad => ({ name, cost: 1, open: 0, backlog: 0, ...more });
const task = (id: string, more: Partial<TaskState> = {}): TaskState => ({ ...openTask({ id, title: id }), ...more });
const done = (id: string, bytes: number): TaskState => task(id, { status: 'succeeded', output: { hash: id, bytes, preview: '' } });
const place = (tasks: readonly TaskState[], regions: readonly RegionLoad[], room = 100, placed: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(placeTasks(tasks, ({ id }) => placed[id] ?? null, regions, room).map(({ taskId, region }) => [taskId, region]));

describe('placeTasks', () => {
  test('spreads what is alike', () => expect(place([task('a'), task('b'), task('c'), task('d')], [at('eu'), at('us')])).toEqual({ a: 'eu', b: 'us', c: 'eu', d: 'us' }));
  test('goes where fewer calls wait', () => expect(place([task('a'), task('b')], [at('eu', { backlog: 5 }), at('us')])).toEqual({ a: 'us', b: 'us' }));
  test('goes where it is cheap until that is as loaded as it is cheaper', () => {
    const tasks = Array.from({ length: 8 }, (_, i) => task(`t${i}`));
    expect(Object.values(place(tasks, [at('dear', { cost: 3 }), at('cheap')])).filter((region) => region === 'cheap').length).toBe(6);
  });
  test('goes to the data, by its bytes', () => {
    const tasks = [done('small', 10), done('large', 1_000), task('t', { dependsOn: ['small', 'large'] })];
    expect(place(tasks, [at('eu'), at('us')], 100, { small: 'eu', large: 'us' })).toEqual({ t: 'us' });
  });
  test('but not at the price of waiting twice as long', () => {
    const tasks = [done('large', 1_000), task('t', { dependsOn: ['large'] })];
    expect(place(tasks, [at('eu'), at('us', { open: 3 })], 100, { large: 'us' })).toEqual({ t: 'eu' });
  });
  test('the more urgent first, where there is not room for all', () =>
    expect(place([task('later'), task('now', { priority: 1 }), task('soon', { priority: 2 })], [at('eu')], 2)).toEqual({ now: 'eu', soon: 'eu' }));
  test('a task that was split and lost its region is placed again as long as one of its parts is open', () => {
    const split = { ...done('t', 1), status: 'succeeded' as const };
    const part = task('t.a', { parent: 't', dependsOn: ['t'] });
    expect(place([split, part], [at('eu')])).toEqual({ t: 'eu' });
    expect(place([split, { ...part, status: 'succeeded' }], [at('eu')])).toEqual({});
  });
  test('says why', () =>
    expect(placeTasks([task('a')], () => null, [at('eu', { backlog: 2 })], 5)[0]?.reason).toBe('0 open and 2 waiting there, cost 1, 0 % of what it needs is there (best of 1)'));
});

describe('whatever the graph and the load', () => {
  const graph = fc
    .array(fc.record({ needs: fc.array(fc.nat(30), { maxLength: 3 }), status: fc.constantFrom('pending', 'pending', 'succeeded', 'running') }), { minLength: 1, maxLength: 30 })
    .map((nodes) => nodes.map(({ needs, status }, i) => task(`t${i}`, { status, dependsOn: [...new Set(needs.filter((need) => need < i).map((need) => `t${need}`))] })));
  const regions = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('eu', 'us', 'asia', 'local'), cost: fc.double({ min: 0.1, max: 10, noNaN: true }), open: fc.nat(5), backlog: fc.nat(50) }),
    { selector: ({ name }) => name, maxLength: 4 },
  );
  test('no region gets more than its room, no task two places, none a place before what it needs, and nothing is left that could be placed', () =>
    fc.assert(
      fc.property(graph, regions, fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(29), { maxLength: 10 }), (tasks, loads, room, before) => {
        const had = new Map(before.map((i) => [`t${i}`, 'elsewhere']));
        const placed = placeTasks(tasks, ({ id }) => had.get(id) ?? null, loads, room);
        const now = new Map([...had, ...placed.map(({ taskId, region }) => [taskId, region] as const)]);
        expect(new Set(placed.map(({ taskId }) => taskId)).size).toBe(placed.length);
        for (const { name, open } of loads) expect(placed.filter(({ region }) => region === name).length).toBeLessThanOrEqual(Math.max(0, room - open));
        for (const { taskId } of placed) {
          const one = tasks.find(({ id }) => id === taskId);
          expect(had.has(taskId)).toBe(false);
          for (const need of one?.dependsOn ?? []) expect(tasks.find(({ id }) => id === need)?.status === 'succeeded' || now.has(need)).toBe(true);
        }
        const filled = loads.map((load) => ({ ...load, open: load.open + placed.filter(({ region }) => region === load.name).length }));
        expect(canPlace(tasks, ({ id }) => now.get(id) ?? null, filled, room)).toBe(false);
      }),
      { numRuns: 2_000 },
    ));
});
