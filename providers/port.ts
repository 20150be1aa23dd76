import type { ContractName } from '../domain/contracts.js';
import type { Usage } from '../domain/model-call.js';
import type { ProviderName } from '../domain/names.js';

/** One request to a model; the texts are whole, the caller has resolved every reference. */
export interface ModelRequest {
  /** Sent as `Idempotency-Key`. */
  readonly key: string;
  /** The model's name without its provider. */
  readonly model: string;
  readonly system: string;
  readonly prompt: string;
  readonly contract: ContractName;
  readonly maxOutputTokens: number;
  /** 32 hex digits; sent as `traceparent`. */
  readonly traceId: string;
  readonly signal: AbortSignal;
  /** Called with what the model has written so far, where the provider streams; best effort. */
  readonly onText?: (soFar: string) => void;
  /** What the answer may name: the roles of a `plan`, the options of a `ballot`. */
  readonly choices?: readonly string[];
}

/** What came back whole: a cut or empty answer is thrown, never returned. */
export interface ModelReply {
  /** The raw text. */
  readonly raw: string;
  /** Parsed and valid for the contract, or null when `broken` says why not. */
  readonly answer: unknown;
  readonly broken: string | null;
  readonly usage: Usage;
}

/** The port every model is reached through. Throws `SwarmError` only; the code says whether Temporal retries. */
export interface ModelProvider {
  readonly name: ProviderName;
  generate(request: ModelRequest): Promise<ModelReply>;
}

/** The providers this process can serve, by name; each gets its own task queue. */
export type ModelProviders = ReadonlyMap<ProviderName, ModelProvider>;
