/** A seeded random source (mulberry32): the same seed gives the same numbers, in the order they are drawn; `CF_SEED` sets it. */
export const seeded = (name: string): { readonly seed: number; next(): number; below(limit: number): number } => {
  const seed = Number(process.env['CF_SEED'] ?? Date.now() % 1_000_000);
  console.log(`${name}: seed ${seed} (set CF_SEED to draw the same numbers)`);
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { seed, next, below: (limit) => Math.floor(next() * limit) };
};
