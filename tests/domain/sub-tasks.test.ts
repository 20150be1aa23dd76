import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../domain/limits.js';
import { refusalsOf, subTasksOf } from '../../domain/sub-tasks.js';
import { openTask, type TaskState } from '../../domain/task-state.js';

const task = (id: string, parent: string | null = null, more: Partial<TaskState> = {}): TaskState => ({
  ...openTask({ id, title: `Do ${id}` }, parent === null ? null : { parent }),
  ...more,
});
const planned = (...ids: readonly string[]) => ids.map((id, i) => ({ id, title: `Do ${id}`, role: 'coder', dependsOn: i === 0 ? [] : [ids[i - 1] ?? ''] }));
const roles = new Set(['coder']);

describe('sub-tasks of an agent', () => {
  test('stand below their task, after it and in the order of the plan', () => {
    const { specs, why } = subTasksOf([task('t', null, { priority: 2 })], task('t', null, { priority: 2 }), planned('a', 'b'), roles, 12);
    expect([why, specs.map(({ id, dependsOn, priority }) => [id, dependsOn, priority])]).toEqual([
      null,
      [
        ['t.a', ['t'], 2],
        ['t.b', ['t', 't.a'], 2],
      ],
    ]);
  });
  test.each([
    ['too many at once', [task('t')], 't', planned('a', 'b', 'c'), 2, 'at most 2'],
    ['too deep', [task('t'), task('t.a', 't'), task('t.a.b', 't.a'), task('t.a.b.c', 't.a.b')], 't.a.b.c', planned('d'), 12, 'levels deep'],
    ['more than a swarm may have', Array.from({ length: LIMITS.tasks }, (_, i) => task(`t${i}`)), 't0', planned('a'), 12, `more than ${LIMITS.tasks}`],
    ['an unknown role', [task('t')], 't', [{ id: 'a', title: 'x', role: 'wizard', dependsOn: [] }], 12, 'wizard'],
    ['an id that is taken', [task('t'), task('t.a', 't')], 't', planned('a'), 12, 'already taken'],
  ])('%s are refused with the reason', (_, tasks, id, plan, most, says) => {
    const { specs, why } = subTasksOf(tasks, tasks.find((one) => one.id === id) as TaskState, plan, roles, most);
    expect([specs, why]).toEqual([[], expect.stringContaining(says)]);
  });
});

test('a task from outside must fit the graph as it stands, and can not wait for what is lost', () => {
  const tasks = [task('done', null, { status: 'succeeded' }), task('lost', null, { status: 'failed' }), task('gone', null, { status: 'cancelled' })];
  expect(refusalsOf(tasks, [{ id: 'x', title: 'Do x', role: 'coder', dependsOn: ['done'] }], roles)).toEqual([]);
  expect(refusalsOf(tasks, [{ id: 'x', title: 'Do x', dependsOn: ['lost', 'gone'] }], roles)).toEqual([
    expect.stringContaining('has failed'),
    expect.stringContaining('was cancelled'),
  ]);
  expect(refusalsOf(tasks, [{ id: 'done', title: 'Again' }], roles)).toEqual([expect.stringContaining('Two tasks')]);
});
