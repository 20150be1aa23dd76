import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { SwarmEvent } from '../../domain/events.js';
import { coordinatorId, type Topology } from '../../domain/names.js';
import type { SwarmView } from '../../domain/view.js';
import type { RunningWorker } from '../../workers/worker.js';
import { openEngine, type Engine } from './engine.js';
import { createFakeModel, type FakeModel, type Script } from './fake-model.js';
import { startTestServer, type TestServer } from './temporal.js';

export interface EngineSuite {
  server(): TestServer;
  engine(): Engine;
  model(): FakeModel;
  /** Stops the worker and starts another one: what a deployment does. */
  restartWorker(): Promise<void>;
  /** Runs `act` while no worker polls. */
  withoutWorker<T>(act: () => Promise<T>): Promise<T>;
  /** Keys asked for on behalf of a swarm, without its id, in order of arrival. */
  asked(swarmId: string): readonly string[];
  whenAsked(swarmId: string, call: string): Promise<unknown>;
  /** Ends the swarm's first coordinator from outside, as nobody could foresee. */
  terminateCoordinator(swarmId: string, topology: Topology): Promise<void>;
  /** What holds of every swarm that has ended, whatever happened to it: no call asked for twice but those named, none counted twice, a gapless log, each task settled once, every figure what its events give, every workflow of it closed. */
  expectWhole(view: SwarmView, repeated?: readonly string[]): Promise<void>;
  /** All events so far, or to the end with `follow`. */
  events(swarmId: string, follow?: boolean): Promise<readonly SwarmEvent[]>;
}

/** One real server and one real worker for the tests of a file, on a fake model that follows `script`. */
export const engineSuite = (script: Script): EngineSuite => {
  let server: TestServer;
  let engine: Engine;
  let worker: RunningWorker;
  const model = createFakeModel(script);
  beforeAll(async () => {
    server = await startTestServer();
    engine = openEngine(server);
    worker = await engine.work(model.provider);
  });
  afterAll(async () => {
    worker.stop();
    await worker.done;
    engine.close();
    await server.stop();
  });
  const asked = (swarmId: string): readonly string[] => model.requests.filter(({ key }) => key.startsWith(`${swarmId}/`)).map(({ key }) => key.slice(swarmId.length + 1));
  const events = async (swarmId: string, follow = false): Promise<readonly SwarmEvent[]> => {
    const seen: SwarmEvent[] = [];
    for await (const event of engine.swarms.events(swarmId, { afterSeq: 0, follow })) seen.push(event);
    return seen;
  };
  return {
    server: () => server,
    engine: () => engine,
    model: () => model,
    restartWorker: async () => {
      worker.stop();
      await worker.done;
      worker = await engine.work(model.provider);
    },
    withoutWorker: async (act) => {
      worker.stop();
      await worker.done;
      try {
        return await act();
      } finally {
        worker = await engine.work(model.provider);
      }
    },
    events,
    asked,
    terminateCoordinator: async (swarmId, topology) => void (await server.client.workflow.getHandle(coordinatorId(swarmId, topology, 1)).terminate('test')),
    whenAsked: (swarmId, call) => vi.waitUntil(() => asked(swarmId).includes(call), 20_000),
    expectWhole: async ({ swarmId, tasks, usage }, repeated = []) => {
      const keys = asked(swarmId);
      expect(keys.filter((key, i) => keys.indexOf(key) !== i && !repeated.includes(key))).toEqual([]);
      expect(usage.modelCalls).toBeLessThanOrEqual(new Set(keys).size);
      const log = await events(swarmId);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1));
      const settled = log.filter(({ type }) => SETTLED.has(type)).map(({ taskId }) => String(taskId));
      expect(settled.sort()).toEqual(tasks.map(({ id }) => id).sort());
      expect((await engine.swarms.figures(swarmId)).filter(({ agrees }) => !agrees)).toEqual([]);
      await vi.waitUntil(async () => {
        for await (const { status } of server.client.workflow.list({ query: `WorkflowId STARTS_WITH "${swarmId}"` })) if (status.name === 'RUNNING') return false;
        return true;
      }, 10_000);
    },
  };
};

const SETTLED = new Set(['task.succeeded', 'task.failed', 'task.skipped', 'task.cancelled']);

/** Task id → status. */
export const statusesOf = (view: Pick<SwarmView, 'tasks'>): Readonly<Record<string, string>> => Object.fromEntries(view.tasks.map(({ id, status }) => [id, status]));
