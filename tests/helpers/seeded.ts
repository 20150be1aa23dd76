import { fnv1a } from '../../domain/hash.js';

/** Seeded random numbers; the same seed gives the same numbers, and `CF_SEED` sets it. */
export interface Seeded {
  readonly seed: number;
  /** The next number of the one stream, in [0, 1). */
  next(): number;
  below(limit: number): number;
  /** A number in [0, 1) that depends on the seed and the text only, not on what was drawn before: for what happens in no fixed order. */
  of(text: string): number;
}

/** mulberry32; the name tells in the output which test drew it. */
export const seeded = (name: string): Seeded => {
  const seed = Number(process.env['CF_SEED'] ?? Date.now() % 1_000_000);
  console.log(`${name}: seed ${seed} (CF_SEED=${seed} draws the same latencies, faults and kill points)`);
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + STEP) >>> 0;
    return mix(state);
  };
  return { seed, next, below: (limit) => Math.floor(next() * limit), of: (text) => mix((fnv1a(text) + seed + STEP) >>> 0) };
};

const STEP = 0x6d2b79f5;
const mix = (state: number): number => {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
};
