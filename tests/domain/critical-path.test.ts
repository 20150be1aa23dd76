import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { criticalPath, type TimedTask } from '../../domain/critical-path.js';

const task = (id: string, dependsOn: readonly string[], startedAt: number | null, endedAt: number | null): TimedTask => ({ id, dependsOn, startedAt, endedAt });

test('the chain that took longest, and what it took', () => {
  const tasks = [task('a', [], 0, 10), task('b', [], 0, 30), task('c', ['a'], 10, 50), task('d', ['b', 'c'], 50, 60)];
  expect(criticalPath(tasks, 100)).toEqual({ tasks: ['a', 'c', 'd'], durationMs: 60 });
});
test('a task that runs counts up to now, one that waits counts nothing', () => {
  expect(criticalPath([task('a', [], 0, null), task('b', ['a'], null, null)], 25)).toEqual({ tasks: ['a'], durationMs: 25 });
  expect(criticalPath([], 25)).toEqual({ tasks: [], durationMs: 0 });
});

const graphs = fc
  .array(fc.record({ ms: fc.nat({ max: 100 }), needs: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }) }), { maxLength: 30 })
  .map((drawn) => drawn.map(({ ms, needs }, i) => task(`t${i}`, [...new Set(needs.filter((need) => need < i).map((need) => `t${need}`))], 0, ms)));
property.prop([graphs])('is a real chain of the graph, and no chain takes longer', (tasks) => {
  const { tasks: path, durationMs } = criticalPath(tasks, 0);
  const byId = new Map(tasks.map((one) => [one.id, one]));
  for (const [i, id] of path.entries()) if (i > 0) expect(byId.get(id)?.dependsOn).toContain(path[i - 1]);
  expect(path.reduce((sum, id) => sum + (byId.get(id)?.endedAt ?? 0), 0)).toBe(durationMs);
  const longest = (id: string): number => (byId.get(id)?.endedAt ?? 0) + Math.max(0, ...(byId.get(id)?.dependsOn ?? []).map(longest));
  expect(durationMs).toBe(Math.max(0, ...tasks.map(({ id }) => longest(id))));
});
