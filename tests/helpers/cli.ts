import { runCli } from '../../cli/main.js';
import type { Branches, Check, CliDeps, GlobalFlags, Need, Output, ProcessStatus } from '../../cli/deps.js';
import { loadSettings } from '../../config/load.js';
import { createFakeSwarms, FAKE_CATALOGUE, type FakeSwarms } from './fake-swarms.js';

export interface CliOptions {
  readonly swarms?: FakeSwarms;
  readonly stdin?: string;
  readonly answer?: string;
  readonly interactive?: boolean;
  readonly errTTY?: boolean;
  readonly outTTY?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly checks?: readonly Check[];
  readonly processes?: readonly ProcessStatus[];
  readonly openError?: Error;
  readonly branches?: Branches;
}

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as the one JSON document it must be. */
  json<T = Record<string, unknown>>(): T;
  readonly needs: readonly Need[];
  readonly closed: number;
  readonly called: readonly string[];
}

export interface StartedCli {
  readonly done: Promise<CliRun>;
  /** Presses Ctrl-C. */
  interrupt(): void;
  out(): string;
  err(): string;
}

const sink = (isTTY: boolean): Output & { text(): string } => {
  let written = '';
  return { isTTY, columns: 80, rows: 24, write: (text) => void (written += text), text: () => written };
};

/** Starts `cf …args` in this process with a captured terminal and an in-memory façade. */
export const startCli = (args: readonly string[], options: CliOptions = {}): StartedCli => {
  const out = sink(options.outTTY ?? false);
  const err = sink(options.errTTY ?? false);
  const swarms = options.swarms ?? createFakeSwarms();
  const needs: Need[] = [];
  const called: string[] = [];
  const stops = new Set<() => void>();
  let closed = 0;
  const note = (name: string, flags: GlobalFlags): void => void called.push(`${name}${flags.logLevel ? ` ${flags.logLevel}` : ''}`);
  const deps: CliDeps = {
    version: '9.9.9',
    workerPatienceMs: 0,
    retryMs: 1,
    io: {
      out,
      err,
      readStdin: async () => options.stdin ?? '',
      interactive: options.interactive ?? false,
      ask: async (question) => {
        err.write(question);
        return options.answer ?? '';
      },
      onInterrupt: (stop) => {
        stops.add(stop);
        return () => void stops.delete(stop);
      },
      env: options.env ?? {},
    },
    settings: (flags) => loadSettings({ cwd: flags.directory ?? options.cwd ?? '/', flags: {}, env: { XDG_CONFIG_HOME: '/nowhere', ...options.env } }),
    swarms: async ({ need }) => {
      needs.push(need);
      if (options.openError) throw options.openError;
      return { swarms, close: async () => void (closed += 1) };
    },
    catalogue: async () => [...FAKE_CATALOGUE.values()],
    branches: async () => options.branches ?? { diff: async () => ({ head: '', patch: '', files: [] }), apply: async () => [] },
    doctor: async () => options.checks ?? [],
    processes: {
      dev: async (flags, autoscale) => note(autoscale === null ? 'dev' : `dev ${autoscale.max} ${autoscale.quietMs}`, flags),
      devStop: async (flags) => {
        note('devStop', flags);
        return (options.processes ?? []).map(({ name }) => name);
      },
      devStatus: async () => options.processes ?? [],
      worker: async (flags) => note(flags.region === undefined ? 'worker' : `worker of ${flags.region}`, flags),
      api: async (flags) => note(`api ${flags.host ?? '-'}:${flags.port ?? '-'}`, flags),
      mcp: async (flags) => note('mcp', flags),
    },
  };
  const done = runCli(args, deps).then((code) => ({ code, out: out.text(), err: err.text(), json: <T>() => JSON.parse(out.text()) as T, needs, closed, called }));
  return { done, interrupt: () => stops.forEach((stop) => stop()), out: out.text, err: err.text };
};

export const cli = (args: readonly string[], options: CliOptions = {}): Promise<CliRun> => startCli(args, options).done;
