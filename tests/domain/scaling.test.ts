import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, openScaling, policyRefusal, type Sample, type ScalingPolicy, type ScalingState } from '../../domain/scaling.js';

/** How many workers a queue gets: by what waits, inside its limits, without flapping. */
const policy: ScalingPolicy = { min: 1, max: 8, perWorker: 10, patienceMs: 1_000, quietMs: 10_000 };
const after = (samples: readonly Sample[], from: ScalingState = openScaling(policy), by: ScalingPolicy = policy): ScalingState =>
  samples.reduce((state, sample) => decide(by, state, sample), from);
const busy = (at: number, waiting: number, oldestMs = 5_000): Sample => ({ at, waiting, oldestMs });
const quiet = (at: number): Sample => ({ at, waiting: 0, oldestMs: 0 });

describe('decide', () => {
  test('more waits than one worker is for: more are wanted at once, at most the double', () => {
    expect(after([busy(0, 30)]).wanted).toBe(2);
    expect(after([busy(0, 30), busy(1_000, 30)]).wanted).toBe(4);
    expect(after([busy(0, 30), busy(1_000, 30), busy(2_000, 30)]).wanted).toBe(7);
  });
  test('those wanted last get their time to come', () => expect(after([busy(0, 30), busy(999, 30)]).wanted).toBe(2));
  test('what has not waited long needs nobody', () => expect(after([busy(0, 30, 999)]).wanted).toBe(1));
  test('never more than the most, never less than the least', () => {
    expect(after(Array.from({ length: 9 }, (_, i) => busy(i * 1_000, 1_000))).wanted).toBe(8);
    expect(after(Array.from({ length: 99 }, (_, i) => quiet(i * 10_000))).wanted).toBe(1);
    expect(after([quiet(0)], { ...openScaling(policy), wanted: 20 }).wanted).toBe(8);
  });
  test('down one by one, each after a quiet time', () => {
    const four = { ...openScaling(policy), wanted: 4 };
    expect(after([quiet(0), quiet(9_999)], four).wanted).toBe(4);
    expect(after([quiet(0), quiet(10_000)], four).wanted).toBe(3);
    expect(after([quiet(0), quiet(10_000), quiet(19_999)], four).wanted).toBe(3);
    expect(after([quiet(0), quiet(5_000), busy(6_000, 1, 10), quiet(7_000), quiet(16_000)], four).wanted).toBe(4);
  });
  test('a worker that is missed once is kept longer', () => {
    const two = { ...openScaling(policy), wanted: 2 };
    const missed = after([quiet(0), quiet(10_000), busy(12_000, 5)], two);
    expect([missed.wanted, missed.caution]).toEqual([2, 2]);
    expect(after([quiet(13_000), quiet(32_999)], missed).wanted).toBe(2);
    expect(after([quiet(13_000), quiet(33_000)], missed).wanted).toBe(1);
  });
  test('a long time without a mistake halves the caution, down to none', () => {
    const cautious: ScalingState = { ...openScaling(policy), wanted: 1, caution: 4, cautionAt: 0 };
    const later = (steps: readonly number[]): number => after(steps.map(quiet), cautious).caution;
    expect(later([319_999])).toBe(4);
    expect(later([320_000])).toBe(2);
    expect(later([320_000, 639_999])).toBe(2);
    expect(later([320_000, 640_000, 999_999])).toBe(1);
  });
  test('another quiet time holds at once, times the caution', () => {
    const two: ScalingState = { ...openScaling(policy), wanted: 2, caution: 4, cautionAt: 0 };
    expect(after([quiet(0), quiet(3_999)], two, { ...policy, quietMs: 1_000 }).wanted).toBe(2);
    expect(after([quiet(0), quiet(4_000)], two, { ...policy, quietMs: 1_000 }).wanted).toBe(1);
  });
  test.each<[string, readonly Sample[], number]>([
    ['30 calls wait, the oldest for 5000 ms', [busy(0, 30)], 1],
    ['1 call waits, the oldest for 999 ms: less than 1000 ms need nobody', [busy(0, 1, 999)], 1],
    ['5 calls wait, the oldest for 5000 ms: those wanted last have time to come', [busy(0, 30), busy(999, 5)], 1],
    ['5 calls wait, the oldest for 5000 ms: 8 is the most', [busy(0, 5)], 8],
    ['nothing has waited for 9999 ms: one less after 10000 ms', [quiet(0), quiet(9_999)], 2],
    ['nothing has waited for 10000 ms', [quiet(0), quiet(10_000)], 2],
    ['nothing has waited for 10000 ms: 1 is the least', [busy(0, 1, 1), quiet(1_000), quiet(11_000)], 1],
  ])('says why: %s', (reason, samples, wanted) => expect(after(samples, { ...openScaling(policy), wanted }).reason).toBe(reason));
});

const LONGEST = 16;

describe('whatever waits', () => {
  const sample = fc.record({ waiting: fc.nat(200), oldestMs: fc.nat(5_000), wait: fc.integer({ min: 1, max: 15_000 }) });
  const samplesOf = (steps: readonly { waiting: number; oldestMs: number; wait: number }[]): readonly Sample[] => {
    let at = 0;
    return steps.map(({ waiting, oldestMs, wait }) => {
      at += wait;
      return { waiting, oldestMs: waiting === 0 ? 0 : oldestMs, at };
    });
  };
  test('inside the limits, up only when something waits too long, down only by one and only after a quiet time', () =>
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (steps) => {
        let state = openScaling(policy);
        let quietFrom: number | null = null;
        for (const one of samplesOf(steps)) {
          const next = decide(policy, state, one);
          quietFrom = one.waiting === 0 ? (quietFrom ?? one.at) : null;
          expect(next.wanted).toBeGreaterThanOrEqual(policy.min);
          expect(next.wanted).toBeLessThanOrEqual(policy.max);
          if (next.wanted > state.wanted) expect(one.waiting > 0 && one.oldestMs >= policy.patienceMs && next.wanted <= 2 * state.wanted).toBe(true);
          expect(next.caution).toBeGreaterThanOrEqual(1);
          expect(next.caution).toBeLessThanOrEqual(LONGEST);
          if (next.wanted < state.wanted) expect([state.wanted - next.wanted, quietFrom !== null && one.at - quietFrom >= policy.quietMs]).toEqual([1, true]);
          state = next;
        }
      }),
      { numRuns: 2_000 },
    ));
  test('more waiting never wants fewer', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(200), fc.nat(200), (wanted, a, b) => {
        const from = { ...openScaling(policy), wanted };
        const [less, more] = [Math.min(a, b) + 1, Math.max(a, b) + 1];
        expect(decide(policy, from, busy(0, more)).wanted).toBeGreaterThanOrEqual(decide(policy, from, busy(0, less)).wanted);
      }),
      { numRuns: 2_000 },
    ));
  test('a constant load settles: changes get rarer and rarer', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), (needed) => {
        let state = openScaling(policy);
        const changes: number[] = [];
        for (let at = 0; at < 3_600_000; at += 2_000) {
          const next = decide(policy, state, state.wanted < needed ? busy(at, 5) : quiet(at));
          if (next.wanted !== state.wanted) changes.push(at);
          state = next;
        }
        expect(state.wanted).toBeGreaterThanOrEqual(Math.min(needed, policy.max) - 1);
        // Growing takes at most max steps; after that a worker is tried without for at most once in sixteen quiet times.
        expect(changes.filter((at) => at > 600_000).length).toBeLessThanOrEqual(2 * Math.ceil(3_000_000 / (LONGEST * policy.quietMs)) + 2);
      }),
    ));
});
test.each([
  [{ min: -1 }, 'min'],
  [{ min: 9 }, 'min'],
  [{ max: 0, min: 0 }, 'max'],
  [{ max: 1.5 }, 'max'],
  [{ perWorker: 0 }, 'perWorker'],
  [{ quietMs: Number.NaN }, 'quietMs'],
] as const)('%j is no policy', (more, name) => expect(policyRefusal({ ...policy, ...more })).toContain(name));
test.each([null, {}, { min: 1 }])('%j is no policy', (policy) => expect(policyRefusal(policy)).not.toBeNull());
