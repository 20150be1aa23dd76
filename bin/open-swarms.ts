import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Need, OpenSwarms, Say } from '../cli/deps.js';
import { packageRoot, packageVersion } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { SwarmError } from '../domain/errors.js';
import { SWARMS_QUEUE } from '../domain/names.js';
import { openStorage, type Storage } from '../storage/index.js';
import { connectTemporal, type TemporalConnection, type TemporalTarget } from '../temporal/connection.js';
import type { Swarms } from '../temporal/port.js';
import { createSwarms } from '../temporal/swarms.js';
import { readCatalogue } from './catalogue.js';
import { backgroundOf, runningTarget } from './local.js';
import { localDeps, withLocalServer } from './providers.js';

/** The façade on the configured Temporal, or on the one of this `CF_HOME`, started when that is wanted. */
export const openSwarms = async ({ settings: read, need, say }: { settings: Settings; need: Need; say: Say }): Promise<OpenSwarms> => {
  const settings = need === 'started' ? await withLocalServer(read) : read;
  const temporal = need === 'nothing' ? unconnected() : await connectTemporal(await targetFor(settings, need, say));
  let opened: Storage | null = null;
  const storage = (): Storage => {
    opened ??= openStorage({ home: settings.home, root: packageRoot });
    return opened;
  };
  const swarms = createSwarms({
    client: temporal.client,
    catalogue: async () => {
      const { agents, clashes } = await readCatalogue(settings);
      for (const { name, used, shadowed } of clashes) if (shadowed !== 'builtin') say(`Role ${name}: ${used} is used, ${shadowed} is not.`);
      return agents;
    },
    chooseModel: async (explicit) => {
      const model = await (await import('../config/model-choice.js')).chooseModel({ settings, explicit });
      // Fetched here and not by the worker, so that a person sees what the first swarm waits for.
      if (model.provider === 'local' && need === 'started' && !settings.remoteTemporal)
        await (await import('../providers/local/prepare.js')).prepareLocal(model.name, localDeps(settings, say));
      return model;
    },
    archive: {
      get: (swarmId) => storage().archive.get(swarmId),
      list: (query) => storage().archive.list(query),
      events: (swarmId, afterSeq, limit) => storage().archive.events(swarmId, afterSeq, limit),
    },
    readBlob: async (hash) => storage().blobs.get(hash),
    uiUrl: temporal.uiUrl,
    version: packageVersion,
  });
  const close = async (): Promise<void> => {
    opened?.close();
    await temporal.close();
  };
  // A worker that was just started registers the search attributes before it polls; a swarm started earlier would be refused.
  if (need === 'started' && !settings.remoteTemporal) await untilPolled(swarms, say);
  return { swarms, close };
};

const WORKER_START_MS = 60_000;
const POLL_MS = 100;

const untilPolled = async (swarms: Swarms, say: Say): Promise<void> => {
  const end = Date.now() + WORKER_START_MS;
  for (let told = false; ; ) {
    if ((await swarms.readiness([SWARMS_QUEUE])).queues[SWARMS_QUEUE] === true || Date.now() > end) return;
    if (!told) say('Waiting for the worker to start …');
    told = true;
    await delay(POLL_MS);
  }
};

const targetFor = async (settings: Settings, need: Need, say: Say): Promise<TemporalTarget | null> => {
  const running = await runningTarget(settings);
  if (running === null) return null;
  if (need === 'started') {
    const { ensureBackground } = await import('../workers/background.js');
    return ensureBackground(backgroundOf(settings, say));
  }
  if (running) return running;
  throw new SwarmError({
    code: 'unreachable',
    message: 'No Temporal server runs here.',
    why: `Nothing runs for CF_HOME ${settings.home}, and no TEMPORAL_ADDRESS is set.`,
    fix: 'Start one with `cf dev`, or start a swarm with `cf run`.',
  });
};

/** A client for what needs no server: it would connect with its first call. */
const unconnected = (): Pick<TemporalConnection, 'client' | 'uiUrl' | 'close'> => {
  const connection = Connection.lazy();
  return { client: new Client({ connection }), uiUrl: null, close: () => connection.close() };
};
