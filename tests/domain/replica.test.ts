import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concerns, digestOf, EMPTY, membershipStamp, merge, stampOf, type Entry, type Membership, type Replica } from '../../domain/replica.js';
import { openTask, type TaskState } from '../../domain/task-state.js';

/** The shared state of regions is a semilattice: whatever order, repetition or way news take, replicas that have seen the same are the same. */
const IDS = ['a', 'b', 'c'] as const;
const REGIONS = ['eu', 'us', 'local'] as const;
const RUNS = 2_000;

const taskOf = (id: string, status: TaskState['status'], hash: string): TaskState => ({
  ...openTask({ id, title: id }),
  status,
  output: status === 'succeeded' ? { hash, bytes: 1, preview: '' } : null,
});
const entry = (id: string): fc.Arbitrary<Entry> =>
  fc.record({
    epoch: fc.integer({ min: 1, max: 3 }),
    region: fc.constantFrom(...REGIONS),
    task: fc.tuple(fc.constantFrom('pending', 'succeeded', 'failed', 'skipped'), fc.constantFrom('x', 'y')).map(([status, hash]) => taskOf(id, status, hash)),
    subTasks: fc.subarray(['s1', 's2']),
  });
const membership: fc.Arbitrary<Membership> = fc.record({ term: fc.integer({ min: 1, max: 3 }), workflowId: fc.constantFrom('w1', 'w2', null) });
const some = <T>(keys: readonly string[], value: (key: string) => fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.record(Object.fromEntries(keys.map((key) => [key, value(key)])), { requiredKeys: [] }) as fc.Arbitrary<Record<string, T>>;
const replica: fc.Arbitrary<Replica> = fc.record({ tasks: some(IDS, entry), regions: some(REGIONS, () => membership) });

describe('merge', () => {
  test('is commutative', () =>
    fc.assert(
      fc.property(replica, replica, (a, b) => {
        expect(merge(a, b)).toEqual(merge(b, a));
      }),
      { numRuns: RUNS },
    ));
  test('is associative', () =>
    fc.assert(
      fc.property(replica, replica, replica, (a, b, c) => {
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
      }),
      { numRuns: RUNS },
    ));
  test('is idempotent, and nothing adds nothing', () =>
    fc.assert(
      fc.property(replica, (a) => {
        expect(merge(a, a)).toEqual(a);
        expect(merge(a, EMPTY)).toEqual(a);
      }),
      { numRuns: RUNS },
    ));

  test('replicas that got the same news in any order, some of it twice, agree', () =>
    fc.assert(
      fc.property(
        fc
          .array(replica, { minLength: 1, maxLength: 6 })
          .chain((news) => fc.tuple(fc.constant(news), fc.shuffledSubarray([...news, ...news], { minLength: news.length, maxLength: 2 * news.length }))),
        ([news, shuffled]) => {
          const heard = [...shuffled, ...news.filter((one) => !shuffled.includes(one))];
          expect(digestOf(heard.reduce(merge, EMPTY))).toEqual(digestOf(news.reduce(merge, EMPTY)));
        },
      ),
      { numRuns: RUNS },
    ));

  test('never goes back: a later placement beats a result of an earlier one, a result beats an open task of the same placement', () => {
    const open = (epoch: number, region: string): Replica => ({ tasks: { a: { epoch, region, task: taskOf('a', 'pending', ''), subTasks: [] } }, regions: {} });
    const done: Replica = { tasks: { a: { epoch: 1, region: 'eu', task: taskOf('a', 'succeeded', 'x'), subTasks: [] } }, regions: {} };
    expect(merge(open(1, 'eu'), done).tasks['a']?.task.status).toBe('succeeded');
    // A late result of a lost region.
    expect(merge(open(2, 'us'), done).tasks['a']).toMatchObject({ epoch: 2, region: 'us', task: { status: 'pending' } });
    expect(merge({ tasks: {}, regions: { eu: { term: 1, workflowId: null } } }, { tasks: {}, regions: { eu: { term: 1, workflowId: 'w' } } }).regions['eu']).toEqual({
      term: 1,
      workflowId: null,
    });
  });

  test('what changed has another stamp', () =>
    fc.assert(
      fc.property(replica, replica, (a, b) => {
        const both = merge(a, b);
        for (const [id, now] of Object.entries(both.tasks)) {
          const before = a.tasks[id];
          if (before && (before.epoch !== now.epoch || before.task.status !== now.task.status) && !(before.epoch === now.epoch && before.task.status !== 'pending'))
            expect(stampOf(now)).not.toBe(stampOf(before));
        }
        for (const [name, now] of Object.entries(both.regions)) {
          const before = a.regions[name];
          if (before && (before.term !== now.term || (before.workflowId === null) !== (now.workflowId === null))) expect(membershipStamp(now)).not.toBe(membershipStamp(before));
        }
      }),
      { numRuns: RUNS },
    ));
});

describe('concerns', () => {
  const of = (id: string, region: string, status: TaskState['status'], dependsOn: readonly string[] = [], parent: string | null = null): [string, Entry] => [
    id,
    { epoch: 1, region, task: { ...taskOf(id, status, 'x'), dependsOn, parent }, subTasks: [] },
  ];
  const state: Replica = {
    tasks: Object.fromEntries([
      of('done', 'eu', 'succeeded'),
      of('open', 'eu', 'pending'),
      of('sub', 'eu', 'succeeded', ['done'], 'done'),
      of('needs', 'us', 'pending', ['done', 'open']),
      of('free', 'us', 'succeeded'),
    ]),
    regions: {},
  };
  test.each([
    ['us', 'done', true, 'one of its tasks waits for it'],
    ['us', 'sub', true, 'one of its tasks waits for what it was split into'],
    ['us', 'needs', true, 'it has to run it'],
    ['eu', 'needs', true, 'it needs one of its tasks: it has to know whom to tell'],
    ['us', 'open', false, 'there is nothing to tell yet'],
    ['eu', 'done', false, 'it made it'],
    ['local', 'done', false, 'it has no part in it'],
    ['us', 'unknown', false, 'nobody knows it'],
  ])('%s of %s: %s, because %s', (region, id, expected) => expect(concerns(state, region, id)).toBe(expected));
});
