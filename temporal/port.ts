import type { Topology } from '../domain/names.js';
import type { SwarmEvent } from '../domain/events.js';
import type { Figure } from '../domain/figures.js';
import type { Wanted } from '../workflows/messages.js';
import type { AnswerCommand, BudgetCommand, ScaleCommand, StartCommand, TaskCommand } from './commands.js';
import type { SwarmListItem, SwarmView } from './views.js';

export interface StartOptions {
  /** The same key and the same command find the same swarm; another command with it is `idempotency_mismatch`. */
  readonly idempotencyKey?: string;
  /** W3C trace id to continue; a new one unless given. */
  readonly traceId?: string;
}

/** `ready` = Temporal answers and a worker polls every queue that is asked for. */
export interface Readiness {
  readonly temporal: boolean;
  readonly serverVersion: string | null;
  /** Queue name → does a worker poll it. */
  readonly queues: Readonly<Record<string, boolean>>;
}

/** The façade: the only way an edge starts, messages or reads a swarm. Every method throws `SwarmError` only. */
export interface Swarms {
  /** Durable when it returns: the id survives `kill -9` of everything. */
  start(command: StartCommand, options?: StartOptions): Promise<{ readonly swarmId: string; readonly temporalUi: string | null; readonly created: boolean }>;
  /** What `start` would do, without doing it. */
  preview(command: StartCommand): Promise<{ readonly model: string; readonly modelReason: string; readonly roster: readonly string[]; readonly tasks: number | null }>;
  show(swarmId: string): Promise<SwarmView>;
  /** Every figure of `show` with the events it comes from; `not_found` where some of them are gone. */
  figures(swarmId: string): Promise<readonly Figure[]>;
  /** Newest first; `cursor` is opaque and comes from the page before. */
  list(query?: {
    readonly limit?: number;
    readonly cursor?: string;
    readonly status?: string;
  }): Promise<{ readonly swarms: readonly SwarmListItem[]; readonly nextCursor: string | null }>;
  /** The view once it has ended, or the current one when `waitMs` is over. */
  wait(swarmId: string, waitMs: number, signal?: AbortSignal): Promise<SwarmView>;
  /** The whole result text; throws `not_found` while there is none. */
  result(swarmId: string): Promise<string>;
  /** The whole text of one task's output. */
  output(swarmId: string, taskId: string): Promise<string>;
  /** Events above `afterSeq`, following until `swarm.ended` unless `follow` is false; each event once, without gaps. */
  events(swarmId: string, options?: { readonly afterSeq?: number; readonly follow?: boolean; readonly signal?: AbortSignal }): AsyncIterable<SwarmEvent>;
  /** `conflict` when it has already ended, as for the next three. */
  cancel(swarmId: string): Promise<void>;
  pause(swarmId: string): Promise<void>;
  resume(swarmId: string): Promise<void>;
  steer(swarmId: string, text: string): Promise<void>;
  /** `invalid_input` when they don't fit the graph; returns how many tasks the swarm has now. */
  addTasks(swarmId: string, tasks: readonly TaskCommand[]): Promise<number>;
  /** Only upwards. */
  raiseBudget(swarmId: string, command: BudgetCommand): Promise<void>;
  /** Of a task that failed and asks, or of an outcome without a quorum; `conflict` where it does not ask. */
  answer(swarmId: string, answer: AnswerCommand): Promise<void>;
  /** At the next safe point: what is settled is kept, what runs is finished. */
  switchTopology(swarmId: string, to: Topology): Promise<void>;
  /** How many workers a queue should have, as its scaler says; `not_found` while none runs. */
  wantedWorkers(queue: string): Promise<Wanted>;
  /** Starts the scaler of a queue, or gives the one that runs other limits; it starts no worker. */
  scale(queue: string, command: ScaleCommand): Promise<void>;
  /** Ends the scaler of a queue; one that does not run is no error. */
  stopScaling(queue: string): Promise<void>;
  readiness(queues: readonly string[]): Promise<Readiness>;
}
