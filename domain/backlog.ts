/** What waits for a worker on a queue of model calls, as the server counts it. */
export interface Backlog {
  readonly waiting: number;
  /** How long the oldest has waited, in ms. */
  readonly oldestMs: number;
}
