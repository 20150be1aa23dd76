import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { allSettled, dependantsOf, readyTasks, validateGraph, type SchedulableTask, type TaskSpec, type TaskStatus } from '../../domain/task-graph.js';

/** A random graph without cycles: each task depends on earlier ones only, then the order is shuffled. */
const dag = fc
  .integer({ min: 1, max: 40 })
  .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, i - 1) }), { maxLength: i === 0 ? 0 : 4 }))))
  .map((needs) => needs.map((dependsOn, i): TaskSpec => ({ id: `t${i}`, title: `Do ${i}`, dependsOn: dependsOn.map((d) => `t${d}`) })))
  .chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length }));

const rules = (tasks: readonly TaskSpec[], options = {}) => validateGraph(tasks, options).map(({ rule, taskId }) => [rule, taskId]);
const task = (id: string, dependsOn: readonly string[] = [], more: Partial<TaskSpec> = {}): TaskSpec => ({ id, title: id, dependsOn, ...more });

describe('validateGraph', () => {
  property.prop([dag])('accepts every graph without a cycle, in any order', (tasks) => {
    expect(validateGraph(tasks)).toEqual([]);
  });
  property.prop([dag, fc.nat(), fc.nat()])('finds the cycle that one more edge closes', (tasks, a, b) => {
    const from = tasks[a % tasks.length];
    const reach = new Set([from?.id]);
    for (let grew = true; grew; ) {
      const before = reach.size;
      for (const { id, dependsOn = [] } of tasks) if (dependsOn.some((d) => reach.has(d))) reach.add(id);
      grew = reach.size > before;
    }
    const downstream = tasks.filter(({ id }) => reach.has(id));
    const to = downstream[b % downstream.length];
    const closed = tasks.map((one) => (one.id === from?.id ? { ...one, dependsOn: [...(one.dependsOn ?? []), to?.id ?? ''] } : one));
    expect(rules(closed).some(([rule]) => rule === (to?.id === from?.id ? 'self_dependency' : 'cycle'))).toBe(true);
  });
  test.each([
    ['empty', [], {}, ['empty', null]],
    ['too many', [task('a'), task('b')], { maxTasks: 1 }, ['too_many', null]],
    ['unknown dependency', [task('a', ['zz'])], {}, ['unknown_dependency', 'a']],
    ['duplicate id', [task('a'), task('a')], {}, ['duplicate_id', 'a']],
    ['bad id', [task('a b')], {}, ['bad_id', 'a b']],
    ['empty title', [task('a', [], { title: ' ' })], {}, ['empty_title', 'a']],
    ['long title', [task('a', [], { title: 'x'.repeat(5_000) })], {}, ['title_too_long', 'a']],
    ['priority', [task('a', [], { priority: 6 })], {}, ['bad_priority', 'a']],
    ['unknown role', [task('a', [], { role: 'nobody' })], { roles: new Set(['coder']) }, ['unknown_role', 'a']],
  ])('names %s', (_, tasks, options, finding) => {
    expect(rules(tasks, options)).toContainEqual(finding);
  });
});

describe('scheduling', () => {
  const running = fc.tuple(
    dag,
    fc.array(fc.constantFrom<TaskStatus>('pending', 'running', 'succeeded', 'failed'), { minLength: 40, maxLength: 40 }),
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40, maxLength: 40 }),
  );
  const scheduled = ([tasks, statuses, priorities]: [TaskSpec[], TaskStatus[], number[]]): SchedulableTask[] =>
    tasks.map(({ id, dependsOn = [] }, i) => ({ id, dependsOn, status: statuses[i] ?? 'pending', priority: priorities[i] ?? 3 }));

  property.prop([running])('ready is exactly: pending with every dependency succeeded, first priority first', (drawn) => {
    const tasks = scheduled(drawn);
    const status = new Map(tasks.map((one) => [one.id, one.status]));
    const ready = readyTasks(tasks);
    expect(new Set(ready)).toEqual(new Set(tasks.filter((one) => one.status === 'pending' && one.dependsOn.every((d) => status.get(d) === 'succeeded'))));
    expect(ready.map(({ priority }) => priority)).toEqual(ready.map(({ priority }) => priority).sort((a, b) => a - b));
  });
  property.prop([dag, fc.nat({ max: 9 })])(
    'run to the end, whatever fails: every task settles, each starts after its dependencies, dependants of a failure are skipped',
    (specs, failing) => {
      const tasks = specs.map(({ id, dependsOn = [] }) => ({ id, dependsOn, status: 'pending' as TaskStatus, priority: 3 }));
      for (let next = readyTasks(tasks)[0]; next; next = readyTasks(tasks)[0]) {
        next.status = Number(next.id.slice(1)) % 10 === failing ? 'failed' : 'succeeded';
        if (next.status === 'failed') for (const id of dependantsOf(tasks, next.id)) tasks.find((one) => one.id === id)!.status = 'skipped';
      }
      expect(allSettled(tasks)).toBe(true);
      const status = new Map(tasks.map((one) => [one.id, one.status]));
      for (const one of tasks) expect(one.status === 'skipped').toBe(one.dependsOn.some((d) => status.get(d) === 'failed' || status.get(d) === 'skipped'));
    },
  );
});
