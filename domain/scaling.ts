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
  /** How long it has to be quiet by now: doubled each time a worker that was sent away was missed. */
  readonly quietMs: number;
  readonly upAt: number | null;
  readonly downAt: number | null;
  /** Shown to people: why so many. */
  readonly reason: string;
}

/** A worker that is missed again and again is sent away this many times later at most. */
const LONGEST_QUIET = 16;

export const openScaling = ({ min, quietMs }: ScalingPolicy): ScalingState => ({
  wanted: min,
  quietSince: null,
  quietMs,
  upAt: null,
  downAt: null,
  reason: 'nothing has waited yet',
});

/** Why this is no policy, or null when it is one. */
export const policyRefusal = ({ min, max, perWorker, patienceMs, quietMs }: ScalingPolicy): string | null => {
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < 1 || min > max)
    return `min and max must be whole numbers with 0 ≤ min ≤ max and max ≥ 1, not ${min} and ${max}`;
  if (!(perWorker >= 1 && patienceMs >= 0 && quietMs >= 0))
    return `perWorker must be at least 1, patienceMs and quietMs at least 0, not ${perWorker}, ${patienceMs} and ${quietMs}`;
  return null;
};

/** The wanted count after one look at the queue: up by what waits too long, at most to the double; down by one after a quiet time that grows with each mistake. Pure. */
export const decide = (policy: ScalingPolicy, state: ScalingState, { waiting, oldestMs, at }: Sample): ScalingState => {
  const { min, max, perWorker, patienceMs } = policy;
  const kept = { ...state, wanted: Math.min(max, Math.max(min, state.wanted)) };
  if (waiting > 0) {
    const hasTime = kept.upAt !== null && at - kept.upAt < patienceMs;
    if (oldestMs < patienceMs || hasTime || kept.wanted === max) return { ...kept, quietSince: null };
    const wanted = Math.min(max, Math.max(1, 2 * kept.wanted), kept.wanted + Math.ceil(waiting / perWorker));
    const wasMissed = kept.downAt !== null && at - kept.downAt < 2 * kept.quietMs;
    const quietMs = wasMissed ? Math.min(2 * kept.quietMs, LONGEST_QUIET * policy.quietMs) : kept.quietMs;
    return { wanted, quietSince: null, quietMs, upAt: at, downAt: null, reason: `${waiting} calls wait, the oldest for ${oldestMs} ms` };
  }
  const quietSince = kept.quietSince ?? at;
  if (at - quietSince < kept.quietMs || kept.wanted <= min) return { ...kept, quietSince };
  return { ...kept, wanted: kept.wanted - 1, quietSince: at, downAt: at, reason: `nothing has waited for ${at - quietSince} ms` };
};
