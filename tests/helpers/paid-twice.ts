import type { ProviderCall } from './http-provider.js';

/** From the signal until the provider has seen every connection of the dead process close: what it flushed meanwhile reached nobody. Ms since 1970. */
export interface Kill {
  readonly from: number;
  readonly to: number;
}

/** Ages (ms) of a call's answers at the kills that explain its repeats; infinite where no kill explains one. */
export const agesOfRepeats = ({ at, answeredAt }: ProviderCall, kills: readonly Kill[]): readonly number[] =>
  at.flatMap((request) => {
    const answer = answeredAt.findLast((time) => time <= request);
    if (answer === undefined) return [];
    const kill = kills.find(({ from, to }) => to >= answer && from <= request);
    return [kill === undefined ? Number.POSITIVE_INFINITY : Math.max(0, kill.from - answer)];
  });
