import { join } from 'node:path';
import { loadCatalogue } from '../../agents/loader.js';
import { packageRoot } from '../../config/package-root.js';
import type { ModelChoice } from '../../domain/model-call.js';
import { parseModelRef } from '../../domain/names.js';
import type { ModelProvider } from '../../providers/port.js';
import { openStorage, type Storage } from '../../storage/index.js';
import { startCommand, type StartCommandInput } from '../../temporal/commands.js';
import type { Swarms } from '../../temporal/port.js';
import { createSwarms } from '../../temporal/swarms.js';
import type { SwarmView } from '../../temporal/views.js';
import { startWorker, type RunningWorker } from '../../workers/worker.js';
import type { TestServer } from './temporal.js';

export interface Engine {
  readonly swarms: Swarms;
  readonly storage: Storage;
  /** Starts one swarm with the defaults of the command, but nothing put to the vote; its id. */
  start(command: Partial<StartCommandInput>): Promise<string>;
  /** Waits for the end. */
  end(swarmId: string): Promise<SwarmView>;
  run(command: Partial<StartCommandInput>): Promise<SwarmView>;
  /** A worker in this process that serves `provider`, for one region or for all that needs none. */
  work(provider: ModelProvider, region?: string): Promise<RunningWorker>;
  close(): void;
}

export const testModel = (ref: string): ModelChoice => {
  const { provider, name } = parseModelRef(ref) ?? { provider: 'sim' as const, name: ref };
  return {
    ref,
    provider,
    name,
    reason: 'a test asked for it',
    simulated: provider === 'sim',
    maxOutputTokens: 1_000,
    price: { inputMicroUsdPerMillion: 1_000_000, outputMicroUsdPerMillion: 2_000_000 },
  };
};

/** The product's own façade and storage on a test server; `model` is what every swarm runs on. */
export const openEngine = (server: TestServer, { model = 'sim/fake', home = server.home }: { readonly model?: string; readonly home?: string } = {}): Engine => {
  const storage = openStorage({ home, root: packageRoot });
  const catalogue = loadCatalogue({ builtin: join(packageRoot, 'agents'), project: '/nonexistent', user: '/nonexistent' });
  const swarms = createSwarms({
    client: server.client,
    catalogue: async () => (await catalogue).agents,
    chooseModel: async (explicit) => testModel(explicit ?? model),
    archive: storage.archive,
    readBlob: (hash) => storage.blobs.get(hash),
    uiUrl: server.uiUrl,
    version: '0.0.0-test',
  });
  const start = async (command: Partial<StartCommandInput>): Promise<string> =>
    (await swarms.start(startCommand.parse({ objective: 'Find out and write it up.', votes: 'none', ...command }))).swarmId;
  const end = (swarmId: string): Promise<SwarmView> => swarms.wait(swarmId, 120_000);
  return {
    swarms,
    storage,
    start,
    end,
    run: async (command) => end(await start(command)),
    work: (provider, region) => startWorker({ target: server.target, providers: new Map([[provider.name, provider]]), storage, region: region ?? null, root: packageRoot }),
    close: () => storage.close(),
  };
};
