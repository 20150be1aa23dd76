import type { Payload } from '@temporalio/common';

/** Every payload below a value of the history API, such as one event. */
export const payloadsOf = (value: unknown): readonly Payload[] => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if ('data' in value && value.data instanceof Uint8Array) return [value as Payload];
  return Object.values(value).flatMap(payloadsOf);
};

/** Bytes of the largest payload, as history holds it, after the start event: the start input holds the whole roster and is bounded on its own. */
export const largestPayload = (events: readonly unknown[]): number =>
  events.slice(1).reduce<number>((most, event) => Math.max(most, ...payloadsOf(event).map(({ data }) => data?.length ?? 0)), 0);
