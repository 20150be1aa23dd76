import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.js';
import { isAlive, ownIdentity } from '../config/process-identity.js';
import { SwarmError } from '../domain/errors.js';
import { coordinatorQueue, modelQueue, pulseQueue, regionQueue, SWARMS_QUEUE, type ProviderName } from '../domain/names.js';
import type { ModelProviders } from '../providers/port.js';
import type { Storage } from '../storage/index.js';
import { loadDataConverter } from '../temporal/codec.js';
import { connectTemporal, type TemporalTarget } from '../temporal/connection.js';
import { ensureSearchAttributes } from '../temporal/search-attributes.js';
import { createRegionControl } from '../temporal/task-queues.js';
import { createFailureInterceptor } from './activity-interceptor.js';
import { connectWorker } from './connection.js';
import { releaseOrphans } from './orphans.js';

export interface WorkerDeps {
  /** Null = what `TEMPORAL_*` names. */
  readonly target: TemporalTarget | null;
  readonly providers: ModelProviders;
  readonly storage: Storage;
  /** Serve this region, and nothing else; null or absent = swarms, and models on the queues of their providers. */
  readonly region?: string | null;
  /** Package root, where `dist/workflow-bundle.js` is. */
  readonly root: string;
  readonly onReady?: (queues: readonly string[]) => void;
  readonly onOrphans?: (released: number) => void;
}

export interface RunningWorker {
  /** Resolves when the worker has drained; rejects when it broke. */
  readonly done: Promise<void>;
  /** Stops polling and drains: what is in flight ends or is retried elsewhere. */
  stop(): void;
}

/** Model calls at once per provider; the embedded model has one context. */
export const MODEL_SLOTS: Readonly<Record<ProviderName, number>> = { anthropic: 250, openai: 250, compat: 64, local: 1, sim: 250 };
/** Calls that are still going on when a worker is told to stop get this long; then Temporal retries them elsewhere. */
const DRAIN = '5 seconds';

/** One process that polls the swarm queue and a queue per provider it can serve, or the queues of one region; ends by itself on SIGTERM and SIGINT. */
export const startWorker = async ({ target, providers, storage, region = null, root, onReady, onOrphans }: WorkerDeps): Promise<RunningWorker> => {
  const codePath = join(root, 'dist', 'workflow-bundle.js');
  if (!existsSync(codePath))
    throw new SwarmError({ code: 'internal', message: 'The workflow bundle is missing.', why: `${codePath} does not exist.`, fix: 'Build the package: npm run build' });
  const temporal = await connectTemporal(target);
  const { connection, namespace } = await connectWorker(target);
  const activities = createActivities({ providers, ...storage, process: ownIdentity(), regions: createRegionControl(temporal.client) });
  const common: Partial<WorkerOptions> = {
    connection,
    namespace,
    dataConverter: await loadDataConverter(process.env),
    interceptors: { activity: [(context) => ({ inbound: createFailureInterceptor(context) })] },
    shutdownGraceTime: DRAIN,
    // Cancellation travels with heartbeats; this bounds how long it takes (promises.md R11).
    maxHeartbeatThrottleInterval: '2 seconds',
    defaultHeartbeatThrottleInterval: '2 seconds',
  };
  const workflows: Partial<WorkerOptions> = {
    workflowBundle: { codePath },
    maxConcurrentWorkflowTaskExecutions: 40,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    maxCachedWorkflows: 500,
    // A sticky queue of a dead worker would hold its tasks back for the default 10 s.
    stickyQueueScheduleToStartTimeout: '2 seconds',
  };
  /** Model calls, with or without the workflows that ask for them. */
  const calls = (taskQueue: string, slots: number, isCoordinating: boolean): WorkerOptions => ({
    ...common,
    ...(isCoordinating ? workflows : {}),
    taskQueue,
    activities: activities.models,
    maxConcurrentActivityTaskExecutions: slots,
    // Every call that a workflow task schedules may start at once in this process, as far as slots are free.
    maxEagerActivityReservationsPerWorkflowTask: slots,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: slots > 1 ? 10 : 1 },
  });
  const served = [...providers.keys()];
  const options: readonly WorkerOptions[] =
    region === null
      ? [
          { ...common, ...workflows, taskQueue: SWARMS_QUEUE, activities: activities.light },
          ...served.map((provider) => calls(modelQueue(provider), MODEL_SLOTS[provider], coordinatorQueue(provider) === modelQueue(provider))),
        ]
      : [
          calls(regionQueue(region), Math.max(1, ...served.map((provider) => MODEL_SLOTS[provider])), true),
          // One pulse per swarm that uses the region, each with nothing to do. One poll at a time: what the server hands to a process that is cut off is lost until it times out.
          {
            ...common,
            taskQueue: pulseQueue(region),
            activities: activities.pulse,
            maxConcurrentActivityTaskExecutions: 1_000,
            activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
            shutdownGraceTime: 0,
          },
        ];
  // Beside the start of the workers, whose threads take most of it; nothing is polled before all of it is done.
  const prepared = ensureSearchAttributes(temporal.connection, temporal.namespace).then(() => releaseOrphans({ ledger: storage.ledger, client: temporal.client, isAlive }));
  const [released, ...workers] = await Promise.all([prepared, ...options.map((one) => Worker.create(one))]);
  onOrphans?.(released);
  onReady?.(options.map(({ taskQueue }) => taskQueue));
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const done = Promise.all(workers.map((worker) => worker.run()))
    .then(() => undefined)
    .finally(async () => {
      stop();
      await connection.close();
      await temporal.close();
    });
  return { done, stop };
};
