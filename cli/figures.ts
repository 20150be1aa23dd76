import { SwarmError } from '../domain/errors.js';
import type { Figure } from '../domain/figures.js';

/** Numbers of events, ascending, as people read them: `3, 6-9, 12`; pure. */
export const seqRanges = (seqs: readonly number[]): string => {
  const ranges: [from: number, to: number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last && seq === last[1] + 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
};

/** A figure as people read it: times as ISO 8601. */
export const figureText = (name: string, shown: number | null): string => {
  if (shown === null) return 'none';
  return name.endsWith('At') ? new Date(shown).toISOString() : `${shown}`;
};

/** A fault of ours: what is shown is not what happened. */
export const unequal = (swarmId: string, figures: readonly Figure[]): SwarmError =>
  new SwarmError({
    code: 'internal',
    message: `${figures.length} ${figures.length === 1 ? 'figure' : 'figures'} of ${swarmId} can't be counted again from its events.`,
    why: figures.map(({ name, shown, recounted, events }) => `${name} is shown as ${shown ?? 'none'}, its events (${seqRanges(events)}) give ${recounted ?? 'none'}`).join('; '),
    fix: `Report it, with the output of: cf logs ${swarmId} --jsonl`,
  });
