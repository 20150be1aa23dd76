import type { FileChange, FileWrite, Workspace } from '../domain/effects.js';
import type { SwarmEvent } from '../domain/events.js';
import type { BlobRef, Hash, ModelAnswer } from '../domain/model-call.js';

/** Content-addressed texts. */
export interface BlobStore {
  /** On disk and fsynced when it returns; the same text twice is one blob. */
  put(text: string): Promise<BlobRef>;
  /** Throws `not_found` for a missing and `tool_failed` for a damaged blob, naming the hash. */
  get(hash: Hash): Promise<string>;
}

/** A call that a process of this machine is making right now. */
export interface InFlightCall {
  readonly key: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
  readonly attempt: number;
  readonly pid: number;
  /** Start of that process, so that a reused pid is not mistaken for it; opaque text. */
  readonly processStart: string;
}

/** Pays once: an answer is durable before the activity returns it. */
export interface CallLedger {
  find(key: string): ModelAnswer | null;
  /** Notes that an attempt is under way; a later attempt replaces the row. */
  begin(call: InFlightCall): void;
  /** The attempt ended without an answer. */
  abandon(call: Pick<InFlightCall, 'key' | 'pid' | 'attempt'>): void;
  /** Stores a text with the answer that refers to it and ends the in-flight row, in one commit; on disk when it resolves. The first answer wins and is returned. */
  record(key: string, text: string, answerOf: (text: BlobRef) => ModelAnswer): Promise<ModelAnswer>;
  inFlight(): readonly InFlightCall[];
  /** Takes the row of a dead process away; false when the attempt has moved on. */
  claimOrphan(call: InFlightCall): boolean;
}

/** What must stay on this machine and out of history, such as the private keys of voters. */
export interface SecretStore {
  get(name: string): string | null;
  /** The secret of that name, made and on disk if there was none; whoever is first decides. */
  getOrPut(name: string, make: () => string): string;
}

/** What identifies one change of a workspace and who made it. */
export interface ChangeId {
  readonly key: string;
  readonly taskId: string;
  readonly agentId: string;
}

/** Branches that swarms write on; every change is one commit, all of it or nothing, whatever dies. */
export interface Workspaces {
  /** Begins the swarm's branch where the folder's repository stands, or in a private one that holds the folder as it is; asked again, the same one. */
  open(swarmId: string, folder: string): Promise<Workspace>;
  /** Writes files, once for each key. Throws `provider_rejected` for a path that may not be written and `conflict` for a key that was undone. */
  write(workspace: Workspace, change: ChangeId, files: readonly FileWrite[]): Promise<{ readonly commit: string; readonly files: readonly string[] }>;
  /** Undoes a change, once: each of its files gets what the last other change that stands wrote, or what was there at first. It can not happen afterwards. False = it had not happened. */
  undo(workspace: Workspace, key: string): Promise<boolean>;
  /** Refuses every change from now on; the keys of those that stand, newest first. */
  seal(workspace: Workspace): Promise<readonly string[]>;
  /** A file as the branch has it now; null when there is none. */
  read(workspace: Workspace, path: string): Promise<string | null>;
  /** What the swarm changed: as a patch, and file by file. */
  diff(workspace: Workspace): Promise<{ readonly head: string; readonly patch: string; readonly files: readonly FileChange[] }>;
  /** Writes what the swarm changed into the folder: all of it, or `conflict` and nothing. */
  apply(workspace: Workspace): Promise<readonly FileChange[]>;
}

/** A swarm as the read model keeps it: what `show` printed at its end (contract.md JSON), and its events. */
export interface ArchivedSwarm {
  readonly swarmId: string;
  readonly status: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The whole view as JSON text. */
  readonly view: string;
}

/** Read model of ended swarms; may be dropped and rebuilt while history lasts. */
export interface SwarmArchive {
  /** Replaces the row of that swarm. */
  save(swarm: ArchivedSwarm): void;
  /** Adds events; those already there are left alone. */
  saveEvents(swarmId: string, events: readonly SwarmEvent[]): void;
  get(swarmId: string): ArchivedSwarm | null;
  /** Newest first, started before `before` (ms since 1970) where given. */
  list(query: { readonly limit: number; readonly before?: number; readonly status?: string }): readonly ArchivedSwarm[];
  events(swarmId: string, afterSeq: number, limit: number): readonly SwarmEvent[];
}
