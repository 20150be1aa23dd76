/** `90s`, `15m`, `2h`, `3d` or plain milliseconds. */
export const DURATION = /^(\d+)(ms|s|m|h|d)?$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; null for what is no duration. */
export const durationMs = (text: string): number | null => {
  const [, count, unit = 'ms'] = DURATION.exec(text) ?? [];
  return count === undefined ? null : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
};
