import type { ContractName } from './contracts.js';

export interface AgentLimits {
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  /** Milliseconds. */
  readonly timeoutMs?: number;
}

/** One role of the catalogue, resolved: what the start input of a swarm carries, so that later edits change nothing. */
export interface AgentDefinition {
  readonly name: string;
  readonly description: string;
  readonly craft: string;
  readonly capabilities: readonly string[];
  /** Allow-list of tools; `[]` is none. */
  readonly tools: readonly string[];
  /** `inherit`, `role:<model role>` or `provider/model`. */
  readonly model: string;
  readonly limits: AgentLimits;
  readonly vote: { readonly eligible: boolean; readonly weight: number };
  readonly output: ContractName;
  readonly instruction: string;
  /** SHA-256 of the source text, hex. */
  readonly sha256: string;
  /** Where it came from: `builtin`, or the path of the user's file. */
  readonly source: string;
}

/** An agent at work in one swarm: an instance of a definition. */
export interface Agent {
  readonly id: string;
  readonly role: string;
  readonly status: 'idle' | 'busy';
  readonly capabilities: readonly string[];
}
