import type { Price } from './budget.js';
import type { ContractName } from './contracts.js';
import type { ProviderName } from './names.js';

/** SHA-256 of a blob, hex. */
export type Hash = string;

/** A text kept outside history: where it is, how long it is, how it begins. */
export interface BlobRef {
  readonly hash: Hash;
  readonly bytes: number;
  readonly preview: string;
}

export type TextRef = Pick<BlobRef, 'hash' | 'bytes'>;

/** The model a swarm was started with, resolved by the façade and kept in the input. */
export interface ModelChoice {
  /** `provider/name`. */
  readonly ref: string;
  readonly provider: ProviderName;
  readonly name: string;
  /** Why this one: shown to the user. */
  readonly reason: string;
  readonly simulated: boolean;
  /** Most tokens one answer may have; the embedded model gets little. */
  readonly maxOutputTokens: number;
  readonly price: Price | null;
}

/** A section of the prompt: short text inline, long text by reference. */
export type PromptPart = { readonly heading: string; readonly text: string } | { readonly heading: string; readonly ref: Hash; readonly bytes: number };

/** Input of one model call; big text only by reference (claim check). */
export interface ModelCall {
  /** Also the `Idempotency-Key` of the request. */
  readonly key: string;
  /** `provider/name`. */
  readonly model: string;
  readonly contract: ContractName;
  /** Blob of the agent's instruction. */
  readonly system: Hash;
  readonly prompt: readonly PromptPart[];
  readonly maxOutputTokens: number;
  readonly traceId: string;
  /** Return the text itself too, up to this many bytes. */
  readonly inlineBytes?: number;
  /** What the answer may name: the roles of a `plan`, the options of a `ballot`; for providers that can hold a model to them. */
  readonly choices?: readonly string[];
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a call leaves in history: references, the parsed decision where its owner needs one, and the usage. */
export interface ModelAnswer {
  /** The text for people, by reference. */
  readonly text: BlobRef;
  /** Parsed decision of the contracts whose owner decides on it (`plan`, `review`, …), else null. */
  readonly decision: unknown;
  /** Why the answer breaks its contract; null when it holds. `text` then keeps what the model wrote. */
  readonly broken: string | null;
  readonly inline: string | null;
  /** Files it wants to be written, by reference to a list of `FileWrite` as JSON; absent where there are none. */
  readonly files?: Hash;
  readonly usage: Usage;
}
