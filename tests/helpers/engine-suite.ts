import { afterAll, beforeAll } from 'vitest';
import type { SwarmEvent } from '../../domain/events.js';
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
    events: async (swarmId, follow = false) => {
      const seen: SwarmEvent[] = [];
      for await (const event of engine.swarms.events(swarmId, { afterSeq: 0, follow })) seen.push(event);
      return seen;
    },
  };
};
