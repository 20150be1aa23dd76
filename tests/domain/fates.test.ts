import { describe, expect, test } from 'vitest';
import { ancestorOf, doomedTasks, fateOf, interestsOf, learnFate, openLearning } from '../../domain/fates.js';
import { domainOf } from '../../domain/partition.js';
import { record, type SwarmState } from '../../domain/swarm-state.js';
import { openTask, type TaskState } from '../../domain/task-state.js';
import { shareOf } from '../../domain/budget.js';

const task = (id: string, dependsOn: readonly string[] = [], more: Partial<TaskState> = {}): TaskState => ({
  ...openTask({ id, title: `Do ${id}`, role: 'coder', dependsOn }),
  ...more,
});
const stateOf = (...tasks: readonly TaskState[]) => ({ tasks: [...tasks], votes: [], log: { firstSeq: 1, events: [] } }) as unknown as SwarmState;
const output = { hash: 'h', bytes: 1, preview: 'p' };

describe('the fate of a task', () => {
  test('is told when it and all that it was split into have settled', () => {
    const split = task('s', [], { status: 'succeeded', output });
    const sub = task('s.a', ['s'], { parent: 's', isAdded: true });
    expect(fateOf([split, sub], 's')).toBeNull();
    const fate = fateOf([split, { ...sub, status: 'succeeded', output }], 's');
    expect(fate).toMatchObject({ taskId: 's', status: 'succeeded', isLost: false, subTasks: [{ parent: 's', status: 'succeeded' }] });
    expect(fateOf([split, { ...sub, status: 'failed' }], 's')?.isLost).toBe(true);
    expect(fateOf([task('x', [], { status: 'running' })], 'x')).toBeNull();
  });
  test('told twice, or to somebody who does not need it, changes nothing more', () => {
    const fate = fateOf([task('s', [], { status: 'succeeded', output }), task('s.a', ['s'], { parent: 's', status: 'succeeded', output })], 's');
    const state = stateOf(task('s'), task('after', ['s']));
    if (!fate) throw new Error('no fate');
    learnFate(state, fate);
    learnFate(state, fate);
    expect(state.tasks.map(({ id, status }) => [id, status])).toEqual([
      ['s', 'succeeded'],
      ['after', 'pending'],
      ['s.a', 'succeeded'],
    ]);
    expect(state.tasks[1]?.dependsOn).toEqual(['s', 's.a']);
    learnFate(stateOf(task('other')), fate);
  });
  test('that comes before its task is known is kept until it is', () => {
    const fate = fateOf([task('new', [], { status: 'succeeded', output })], 'new');
    const state = stateOf(task('old'));
    const { learn, catchUp } = openLearning(state);
    if (fate) learn([fate]);
    catchUp();
    state.tasks.push(task('new'));
    expect(state.tasks[1]?.status).toBe('pending');
    catchUp();
    expect(state.tasks[1]?.status).toBe('succeeded');
  });
  test('of a loss dooms what waits for it; what a policy gave up dooms nothing', () => {
    const lost = [task('a', [], { status: 'failed' }), task('b', ['a']), task('c', ['b'])];
    expect(doomedTasks(lost)).toMatchObject([{ task: { id: 'b' }, because: 'a' }]);
    expect(doomedTasks([task('a', [], { status: 'skipped', givenUp: true }), task('b', ['a'])])).toEqual([]);
  });
});

test('interests name, for each task, the others whose open tasks need it', () => {
  const tasks = [task('a'), task('b', ['a']), task('c', ['a', 'b']), task('d', ['a'], { status: 'succeeded' })];
  const owner: Record<string, string> = { a: 'm1', b: 'm2', c: 'm2', d: 'm3' };
  expect(interestsOf(tasks, ({ id }) => owner[id] ?? null)).toEqual({ a: ['m2'] });
});

test('a sub-task belongs to the domain of the task it was split from', () => {
  const roster = ['coder', 'tester'].map((name) => ({ name, craft: `craft of ${name}`, description: name, capabilities: [name] }));
  const tasks = [task('s'), task('s.a', ['s'], { parent: 's', role: 'tester' }), task('s.a.b', ['s.a'], { parent: 's.a', role: 'tester' })];
  expect(tasks.map((one) => domainOf(tasks, one, roster))).toEqual(Array(3).fill('craft of coder'));
  expect(ancestorOf(tasks, tasks[2] as TaskState).id).toBe('s');
});

test('shares of a budget never add up to more than there is', () => {
  const shares = shareOf({ tokens: 100, microUsd: 7, calls: 5 }, [3, 3, 1]);
  expect(shares.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(100);
  expect(shares).toEqual([
    { tokens: 42, microUsd: 3, calls: 2 },
    { tokens: 42, microUsd: 3, calls: 2 },
    { tokens: 14, microUsd: 1, calls: 0 },
  ]);
  expect(shareOf({ tokens: 5, microUsd: 5 }, [0])).toEqual([{ tokens: 0, microUsd: 0, calls: 0 }]);
});

test('a task that is added joins once, after what it was split from, and reopens the run', () => {
  const state = { ...stateOf(task('s'), task('after', ['s'])), phase: 'aggregate', swarmId: 'x' } as SwarmState;
  const draft = { type: 'task.added' as const, at: 0, data: { spec: { id: 's.a', title: 'Do s.a', dependsOn: ['s'] }, parent: 's' } };
  record(state, draft);
  record(state, draft);
  expect(state.tasks.map(({ id }) => id)).toEqual(['s', 'after', 's.a']);
  expect([state.tasks[1]?.dependsOn, state.phase]).toEqual([['s', 's.a'], 'execute']);
});
