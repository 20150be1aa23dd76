import type { Backlog } from './backlog.js';

/** How many workers a queue may have, and when that changes. Times in ms. */
export interface ScalingPolicy {
  readonly min: number;
  readonly max: number;
  /** Waiting calls that one more worker is for. */
  readonly perWorker: number;
  /** More workers are wanted when the oldest call has waited this long; those wanted last get as long to come. */
  readonly patienceMs: number;
  /** One worker less is wanted when nothing has waited for this long. */
  readonly quietMs: number;
}

export interface Sample extends Backlog {
  /** Ms since 1970. */
  readonly at: number;
}

/** What is wanted now; times in ms since 1970. */
export interface ScalingState {
  readonly wanted: number;
  /** Since when nothing waits; null while something does. */
  readonly quietSince: number | null;
  /** How many quiet times it has to be quiet by now, 1 to 16: doubled each time a worker that was sent away was missed. */
  readonly caution: number;
  /** When the caution last changed; null while it is 1. */
  readonly cautionAt: number | null;
  readonly upAt: number | null;
  readonly downAt: number | null;
  /** Shown to people: why so many, as of the last look. */
  readonly reason: string;
}

/** A worker that is missed again and again is sent away this many times later at most. */
const MOST_CAUTION = 16;
/** Quiet times without a mistake after which the caution is halved: more than lie between two mistakes of the most cautious. */
const FORGIVEN_AFTER = 2 * MOST_CAUTION;

export const openScaling = ({ min }: ScalingPolicy): ScalingState => ({
  wanted: min,
  quietSince: null,
  caution: 1,
  cautionAt: null,
  upAt: null,
  downAt: null,
  reason: 'nothing has waited yet',
});

/** Why this is no policy, or null when it is one. */
export const policyRefusal = (policy: Partial<ScalingPolicy> | null): string | null => {
  const { min = NaN, max = NaN, perWorker = NaN, patienceMs = NaN, quietMs = NaN } = policy ?? {};
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < 1 || min > max)
    return `min and max must be whole numbers with 0 ≤ min ≤ max and max ≥ 1, not ${min} and ${max}`;
  if (!(perWorker >= 1 && patienceMs >= 0 && quietMs >= 0))
    return `perWorker must be at least 1, patienceMs and quietMs at least 0, not ${perWorker}, ${patienceMs} and ${quietMs}`;
  return null;
};

/** A count inside the limits. */
export const within = ({ min, max }: ScalingPolicy, wanted: number): number => Math.min(max, Math.max(min, wanted));

/** The state inside the limits, with what time has forgiven. */
const current = (policy: ScalingPolicy, state: ScalingState, at: number): ScalingState => {
  const wanted = within(policy, state.wanted);
  if (state.cautionAt === null || at - state.cautionAt < FORGIVEN_AFTER * policy.quietMs) return { ...state, wanted };
  const caution = Math.max(1, state.caution / 2);
  return { ...state, wanted, caution, cautionAt: caution === 1 ? null : at };
};

/** The wanted count after one look at the queue: up by what waits too long, at most to the double; down by one after a quiet time that grows with each mistake. Pure. */
export const decide = (policy: ScalingPolicy, before: ScalingState, { waiting, oldestMs, at }: Sample): ScalingState => {
  const { min, max, perWorker, patienceMs } = policy;
  const state = current(policy, before, at);
  const quietMs = state.caution * policy.quietMs;
  if (waiting > 0) {
    const wait = `${waiting} ${waiting === 1 ? 'call waits' : 'calls wait'}, the oldest for ${oldestMs} ms`;
    const stay = (why: string): ScalingState => ({ ...state, quietSince: null, reason: `${wait}: ${why}` });
    if (oldestMs < patienceMs) return stay(`less than ${patienceMs} ms need nobody`);
    if (state.wanted === max) return stay(`${max} is the most`);
    if (state.upAt !== null && at - state.upAt < patienceMs) return stay('those wanted last have time to come');
    const wanted = Math.min(max, Math.max(1, 2 * state.wanted), state.wanted + Math.ceil(waiting / perWorker));
    const wasMissed = state.downAt !== null && at - state.downAt < 2 * quietMs;
    const caution = wasMissed ? Math.min(2 * state.caution, MOST_CAUTION) : state.caution;
    return { wanted, quietSince: null, caution, cautionAt: wasMissed ? at : state.cautionAt, upAt: at, downAt: null, reason: wait };
  }
  const quietSince = state.quietSince ?? at;
  const quiet = `nothing has waited for ${at - quietSince} ms`;
  if (state.wanted <= min) return { ...state, quietSince, reason: `${quiet}: ${min} is the least` };
  if (at - quietSince < quietMs) return { ...state, quietSince, reason: `${quiet}: one less after ${quietMs} ms` };
  return { ...state, wanted: state.wanted - 1, quietSince: at, downAt: at, reason: quiet };
};
