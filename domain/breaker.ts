/** A circuit breaker on one counterpart: open after a row of failures, one probe after a pause, closed again by a success. Times in ms. */
export interface Breaker {
  readonly failures: number;
  /** Since when it is open; null = closed. */
  readonly openedAt: number | null;
  /** A probe is under way. */
  readonly isProbing: boolean;
}

export const BREAKER = { failures: 5, pauseMs: 30_000 } as const;

/** A pause that doubles with each failed probe, from `first` to `most` ms. */
export const growingPause = ({ failures }: Breaker, { first = 1_000, most = BREAKER.pauseMs, limit = BREAKER.failures } = {}): number =>
  Math.min(most, first * 2 ** Math.max(0, failures - limit));

export const closedBreaker: Breaker = { failures: 0, openedAt: null, isProbing: false };

/** Whether a request may be sent; half-open lets one through. */
export const isAllowed = ({ openedAt, isProbing }: Breaker, now: number, pauseMs: number = BREAKER.pauseMs): boolean =>
  openedAt === null || (!isProbing && now - openedAt >= pauseMs);

/** A request is sent: through an open breaker it is the probe. */
export const onRequest = (breaker: Breaker): Breaker => (breaker.openedAt === null ? breaker : { ...breaker, isProbing: true });

/** The probe was called back before it could tell anything. */
export const onRelease = (breaker: Breaker): Breaker => ({ ...breaker, isProbing: false });

export const onSuccess = (): Breaker => closedBreaker;

export const onFailure = ({ failures, openedAt }: Breaker, now: number, limit: number = BREAKER.failures): Breaker => {
  const count = failures + 1;
  return { failures: count, openedAt: openedAt !== null || count >= limit ? now : null, isProbing: false };
};
