import type { ErrorReport } from '../domain/errors.js';
import type { SwarmStatus } from '../domain/swarm-state.js';
import type { TaskStatus } from '../domain/task-graph.js';

/** One task as every edge shows it (contract.md). */
export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly role: string | null;
  readonly status: TaskStatus;
  readonly disputed: boolean;
  readonly dependsOn: readonly string[];
  readonly attempts: number;
  readonly agentId: string | null;
  readonly output: string | null;
  readonly outputHash: string | null;
  readonly failure: string | null;
}

/** `cf run --json`, `cf show --json`, `GET /v1/swarms/{id}` and `swarm_status` all return this document. */
export interface SwarmView {
  readonly swarmId: string;
  readonly status: SwarmStatus;
  readonly topology: string;
  readonly objective: string;
  readonly model: string;
  readonly modelReason: string;
  readonly simulated: boolean;
  /** Null until the swarm has ended with one. */
  readonly result: string | null;
  readonly tasks: readonly TaskView[];
  readonly votes: readonly never[];
  /** USD, not micro-USD; null = unknown. */
  readonly usage: { readonly modelCalls: number; readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number | null };
  readonly budget: { readonly tokens: number | null; readonly usd: number | null };
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: number;
  readonly failure: ErrorReport | null;
  readonly temporalUi: string | null;
  readonly phase: string;
  readonly traceId: string;
  readonly lastSeq: number;
  /** `archive` when the history is gone and the read model answered. */
  readonly source: 'history' | 'archive';
}

/** One line of `cf ps` and of `GET /v1/swarms`. */
export interface SwarmListItem {
  readonly swarmId: string;
  readonly status: SwarmStatus;
  readonly topology: string;
  readonly objective: string;
  readonly model: string;
  readonly simulated: boolean;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly source: 'history' | 'archive';
}
