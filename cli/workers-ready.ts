import { setTimeout as delay } from 'node:timers/promises';
import { modelQueue, parseModelRef, SWARMS_QUEUE } from '../domain/names.js';
import { SwarmError } from '../domain/errors.js';
import type { Swarms } from '../temporal/port.js';
import type { Context } from './context.js';

const PATIENCE_MS = 8_000;
const POLL_MS = 250;

/** Queues a swarm on this model needs workers on. */
export const queuesFor = (model: string): readonly string[] => {
  const ref = parseModelRef(model);
  return ref ? [SWARMS_QUEUE, modelQueue(ref.provider)] : [SWARMS_QUEUE];
};

/** Waits a few seconds until workers poll the queues of a swarm; then `unreachable` before anything is started, or only a warning. */
export const needWorkers = async ({ deps, say }: Context, swarms: Swarms, model: string, { refuse, signal }: { refuse: boolean; signal: AbortSignal }): Promise<void> => {
  const queues = queuesFor(model);
  const end = performance.now() + (deps.workerPatienceMs ?? PATIENCE_MS);
  for (;;) {
    const { queues: polled } = await swarms.readiness(queues);
    const silent = queues.filter((queue) => polled[queue] !== true);
    if (silent.length === 0 || signal.aborted) return;
    if (performance.now() < end) {
      await delay(POLL_MS, undefined, { signal }).catch(() => {});
      continue;
    }
    if (refuse)
      throw new SwarmError({
        code: 'unreachable',
        message: `No worker polls ${silent.join(' and ')}.`,
        why: `Without one the swarm would wait for ever; nothing was started.`,
        fix: 'Start a worker with `cf worker` on the same Temporal server, or use --detach to let the swarm wait for one.',
      });
    return say(`No worker polls ${silent.join(' and ')}: the swarm waits until one does (cf worker).`);
  }
};
