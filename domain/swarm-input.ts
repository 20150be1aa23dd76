import type { AgentDefinition } from './agent.js';
import type { BudgetLimits } from './budget.js';
import type { ModelChoice } from './model-call.js';
import type { Topology } from './names.js';
import type { VoteForm } from './tally.js';
import type { TaskSpec } from './task-graph.js';

export const VOTE_SCOPES = ['none', 'outcome', 'tasks'] as const;
export const ALLOCATIONS = ['rule', 'elders'] as const;
/** What is put to the vote, and of how many; `tasks` includes the outcome. */
export const UNDECIDED = ['end', 'ask'] as const;

export interface VotePolicy {
  readonly on: (typeof VOTE_SCOPES)[number];
  readonly voters: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** What becomes of an outcome that finds no quorum: the swarm ends `no_quorum`, or asks a person. Absent = `end`. */
  readonly undecided?: (typeof UNDECIDED)[number];
}

/** A place with workers of its own. */
export interface RegionSpec {
  readonly name: string;
  /** Its own model; null = that of the swarm. */
  readonly model: ModelChoice | null;
  /** Relative price of a call there. */
  readonly cost: number;
}

/** The snapshot a swarm starts with: everything resolved, so that editing a file later can't change a running history. */
export interface SwarmInput {
  readonly swarmId: string;
  readonly objective: string;
  readonly topology: Topology;
  /** The advisor chooses another one once the graph is known. */
  readonly isAdvised?: boolean;
  readonly model: ModelChoice;
  readonly roster: readonly AgentDefinition[];
  /** Given by hand; null lets the planner make them. */
  readonly tasks: readonly TaskSpec[] | null;
  /** Most tasks in flight at once. */
  readonly maxAgents: number;
  readonly review: boolean;
  /** A result that stays refused fails its task. */
  readonly strict: boolean;
  /** Absent in snapshots older than votes: nothing is voted on. */
  readonly votes?: VotePolicy;
  /** Who does a task: what the rule computes, or whom the elders of a queen elect. Absent = `rule`. */
  readonly allocation?: (typeof ALLOCATIONS)[number];
  /** How elders vote on who does a task; absent = `choice`. */
  readonly elections?: VoteForm;
  /** Absent in snapshots older than regions: the local one. */
  readonly regions?: readonly RegionSpec[];
  readonly budget: BudgetLimits;
  /** Milliseconds since 1970, or null. */
  readonly deadlineAt: number | null;
  /** Folder the swarm works on; null or absent = none. */
  readonly workspace?: string | null;
  readonly tenant: string;
  /** W3C trace id, 32 hex digits; the same in logs, events, request headers and memo. */
  readonly traceId: string;
  /** Version of the engine that resolved this snapshot. */
  readonly version: string;
  readonly limits: {
    /** Most tasks a plan may have. */
    readonly planTasks: number;
    /** History events after which a run continues as new. */
    readonly historyEvents: number;
    /** Absent in snapshots of older versions: those of `LIMITS`. */
    readonly managerTasks?: number;
    readonly meshPeers?: number;
  };
}
