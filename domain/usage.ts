/** What calls of a swarm used; each call counts once, whoever reports it. */
export interface Usage {
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  /** Null as soon as one call had no known price. */
  microUsd: number | null;
}

/** Usage of one call as an event carries it: input and output tokens, micro-USD or null for an unknown price. */
export interface CallUsage {
  readonly in: number;
  readonly out: number;
  readonly microUsd: number | null;
  /** The call, as `PURPOSE/NTH` within its scope; absent in events of older versions. */
  readonly call?: string;
}

/** Calls whose usage is in the sum, as `PURPOSE/NTH`, by scope: a task id, or `swarm`. */
export type Counted = Record<string, readonly string[]>;

export const NO_USAGE: Readonly<Usage> = { modelCalls: 0, inputTokens: 0, outputTokens: 0, microUsd: 0 };

/** True when what this call used is in the sum already. */
export const isCounted = (counted: Counted, scope: string, call: string | undefined): boolean => call !== undefined && (counted[scope] ?? []).includes(call);

/** Adds one call to the sum, unless it is in there. */
export const addUsage = (
  { usage, counted }: { readonly usage: Usage; readonly counted: Counted },
  scope: string,
  { in: inputTokens, out: outputTokens, microUsd, call }: CallUsage,
): void => {
  if (isCounted(counted, scope, call)) return;
  if (call !== undefined) counted[scope] = [...(counted[scope] ?? []), call];
  usage.modelCalls += 1;
  usage.inputTokens += inputTokens;
  usage.outputTokens += outputTokens;
  usage.microUsd = usage.microUsd === null || microUsd === null ? null : usage.microUsd + microUsd;
};
