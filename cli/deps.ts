import type { FileChange, Workspace } from '../domain/effects.js';
import type { AgentDefinition } from '../domain/agent.js';
import type { Settings } from '../config/settings.js';
import type { Swarms } from '../temporal/port.js';

/** Flags every command takes. */
export interface GlobalFlags {
  readonly quiet?: boolean;
  /** False after `--no-color`. */
  readonly color?: boolean;
  /** False after `--no-input`. */
  readonly input?: boolean;
  readonly logLevel?: string;
  /** `-C dir`. */
  readonly directory?: string;
}

/** The terminal, as far as commands know it. */
export interface CliIo {
  readonly out: Output;
  readonly err: Output;
  /** The whole of standard input, as text. */
  readStdin(): Promise<string>;
  /** True when a person can be asked: standard input and error are terminals. */
  readonly interactive: boolean;
  /** Asks one question; the answer without its line end. */
  ask(question: string): Promise<string>;
  /** Calls `stop` on each Ctrl-C until the returned function is called. */
  onInterrupt(stop: () => void): () => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One of the two output streams; `write` never throws, also when the reader has gone. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
}

/** What has to be there before a façade is handed out. */
export type Need =
  /** Start what is missing. */
  | 'started'
  /** A Temporal server that answers, or `unreachable`. */
  | 'reachable'
  /** Nothing: only `preview` will be called. */
  | 'nothing';

export interface OpenSwarms {
  readonly swarms: Swarms;
  close(): Promise<void>;
}

/** One line of `cf doctor`. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  /** What was found. */
  readonly found: string;
  /** Empty when there is nothing to mend. */
  readonly fix: string;
}

/** A process of this `CF_HOME`, as `cf dev status` shows it. */
export interface ProcessStatus {
  readonly name: string;
  readonly running: boolean;
  readonly pid: number | null;
  readonly address: string | null;
}

/** `cf dev --autoscale`: how many workers at most, and after how many ms without need one is drained. */
export interface AutoscaleOptions {
  readonly max: number;
  readonly quietMs: number;
}

/** The long-running commands; each promise ends when the process has been told to stop and has drained. */
export interface Processes {
  dev(flags: GlobalFlags, autoscale: AutoscaleOptions | null, say: Say): Promise<void>;
  /** Ends what `run` left in the background; the names of what was ended. */
  devStop(flags: GlobalFlags): Promise<readonly string[]>;
  devStatus(flags: GlobalFlags): Promise<readonly ProcessStatus[]>;
  worker(flags: GlobalFlags & { readonly region?: string }, say: Say): Promise<void>;
  api(flags: GlobalFlags & { readonly port?: string; readonly host?: string }, say: Say): Promise<void>;
  /** Speaks the protocol on standard output, nothing else. */
  mcp(flags: GlobalFlags): Promise<void>;
}

/** The branches that swarms write on. */
export interface Branches {
  diff(workspace: Workspace): Promise<{ readonly head: string; readonly patch: string; readonly files: readonly FileChange[] }>;
  /** Writes the changes into the folder: all, or `conflict` and nothing. */
  apply(workspace: Workspace): Promise<readonly FileChange[]>;
}

/** Tells people what is going on; goes to standard error. */
export type Say = (line: string) => void;

/** All that commands reach the world through; `bin/` wires it, tests hand in fakes. */
export interface CliDeps {
  readonly version: string;
  readonly io: CliIo;
  settings(flags: GlobalFlags): Promise<Settings>;
  swarms(request: { readonly flags: GlobalFlags; readonly need: Need; readonly say: Say }): Promise<OpenSwarms>;
  catalogue(flags: GlobalFlags): Promise<readonly AgentDefinition[]>;
  doctor(flags: GlobalFlags): Promise<readonly Check[]>;
  branches(flags: GlobalFlags): Promise<Branches>;
  readonly processes: Processes;
  /** Milliseconds `run` waits for a worker to poll before it says that none does. */
  readonly workerPatienceMs?: number;
  /** Milliseconds between two tries to read a swarm whose server or worker is being restarted. */
  readonly retryMs?: number;
}
