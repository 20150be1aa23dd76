import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { AgentDefinition } from '../domain/agent.js';
import { SwarmError } from '../domain/errors.js';
import type { SwarmEvent } from '../domain/events.js';
import { figuresOf } from '../domain/figures.js';
import type { ModelChoice } from '../domain/model-call.js';
import { readEnded, type ArchivePort } from './archive-reader.js';
import type { StartCommand } from './commands.js';
import { followEvents } from './event-source.js';
import { asSwarmError } from './failures.js';
import { listSwarms } from './listing.js';
import { addTaskUpdate, answerUpdate, judgeUpdate, pauseSignal, raiseBudgetUpdate, resumeSignal, statusQuery, steerUpdate, switchTopologyUpdate } from '../workflows/messages.js';
import type { Swarms } from './port.js';
import { viewOf, type SwarmView } from '../domain/view.js';
import { isEnded } from '../domain/swarm-state.js';
import { newTraceId, snapshotOf, toSpec } from './snapshot.js';
import { regionModelsOf, startSwarm } from './start.js';
import { untilClosed } from './until-closed.js';
import { readReadiness } from './readiness.js';
import { ensureScaler, readWanted, stopScaler } from './scaling.js';

export interface SwarmsDeps {
  readonly client: Client;
  /** Roles by name, as the project's files and the built-in catalogue give them. */
  readonly catalogue: () => Promise<ReadonlyMap<string, AgentDefinition>>;
  readonly chooseModel: (explicit: string | undefined) => Promise<ModelChoice>;
  readonly archive: ArchivePort;
  /** The whole text of a blob, by its hash. */
  readonly readBlob: (hash: string) => Promise<string>;
  readonly uiUrl: string | null;
  readonly version: string;
}

/** The one façade over Temporal: policy check, snapshot, start, signal, update, query. */
export const createSwarms = (deps: SwarmsDeps): Swarms => {
  const { client, archive, uiUrl } = deps;
  const handleOf = (swarmId: string) => client.workflow.getHandle(swarmId);
  const uiOf = (swarmId: string): string | null => (uiUrl === null ? null : `${uiUrl}/namespaces/${client.options.namespace}/workflows/${encodeURIComponent(swarmId)}`);

  const show = async (swarmId: string): Promise<SwarmView> => {
    try {
      const reply = await handleOf(swarmId).query(statusQuery);
      return { ...viewOf(reply, Date.now()), temporalUi: uiOf(swarmId) };
    } catch (error) {
      const failure = asSwarmError(error, swarmId);
      const ended = failure.code === 'not_found' ? readEnded(archive, swarmId) : null;
      if (ended) return ended;
      throw failure;
    }
  };

  const blobOf = async (swarmId: string, hash: string | null, what: string): Promise<string> => {
    if (hash === null)
      throw new SwarmError({ code: 'not_found', message: `${swarmId} has no ${what} yet.`, why: 'It has not been written.', fix: `Follow it with: cf watch ${swarmId}` });
    return deps.readBlob(hash);
  };

  /** Refuses a message to a swarm that has ended, then delivers it; a race with the end is a conflict too. */
  const message = async (swarmId: string, deliver: () => Promise<unknown>): Promise<void> => {
    const { status } = await show(swarmId);
    if (isEnded(status)) throw ended(swarmId, status);
    try {
      await deliver();
    } catch (error) {
      const failure = asSwarmError(error, swarmId);
      throw failure.code === 'not_found' ? ended(swarmId, 'ended') : failure;
    }
  };

  return {
    start: (command, options) => startSwarm({ ...deps, uiOf, newId: () => `swarm-${ulid()}` }, command, options),
    preview: (command) => preview(deps, command),
    show,
    figures: async (swarmId) => {
      const view = await show(swarmId);
      const events: SwarmEvent[] = [];
      for await (const event of followEvents({ client, archive }, swarmId, { afterSeq: 0, follow: false })) events.push(event);
      return figuresOf(view, events);
    },
    list: (query) => listSwarms(client, archive, query),
    wait: async (swarmId, waitMs, signal) => {
      const stop = AbortSignal.any([AbortSignal.timeout(Math.max(1, waitMs)), ...(signal ? [signal] : [])]);
      await untilClosed(client, swarmId, stop);
      return patiently(() => show(swarmId), stop);
    },
    result: async (swarmId) => {
      const reply = await handleOf(swarmId)
        .query(statusQuery)
        .catch((error: unknown) => asSwarmError(error, swarmId));
      if (!(reply instanceof SwarmError)) {
        const { resultText, result, status } = reply.state;
        if (result === null && isEnded(status)) throw noResult(swarmId, status);
        return resultText ?? blobOf(swarmId, result?.hash ?? null, 'result');
      }
      const archived = reply.code === 'not_found' ? readEnded(archive, swarmId) : null;
      if (archived === null) throw reply;
      return blobOf(swarmId, archived.resultHash ?? null, 'result').catch((error: unknown) => archived.result ?? Promise.reject(error));
    },
    output: async (swarmId, taskId) => {
      const task = (await show(swarmId)).tasks.find(({ id }) => id === taskId);
      if (!task)
        throw new SwarmError({
          code: 'not_found',
          message: `${swarmId} has no task "${taskId}".`,
          why: 'No task of its plan has this id.',
          fix: `See its tasks with: cf show ${swarmId}`,
        });
      return blobOf(swarmId, task.outputHash, `output of ${taskId}`);
    },
    events: (swarmId, options = {}) => followEvents({ client, archive }, swarmId, { afterSeq: 0, follow: true, ...options }),
    cancel: (swarmId) => message(swarmId, () => handleOf(swarmId).cancel()),
    pause: (swarmId) => message(swarmId, () => handleOf(swarmId).signal(pauseSignal)),
    resume: (swarmId) => message(swarmId, () => handleOf(swarmId).signal(resumeSignal)),
    steer: (swarmId, text) => message(swarmId, () => handleOf(swarmId).executeUpdate(steerUpdate, { args: [text] })),
    addTasks: async (swarmId, tasks) => {
      let count = 0;
      await message(swarmId, async () => {
        count = await handleOf(swarmId).executeUpdate(addTaskUpdate, { args: [tasks.map(toSpec)] });
      });
      return count;
    },
    raiseBudget: (swarmId, { usd, ...limits }) =>
      message(swarmId, () =>
        handleOf(swarmId).executeUpdate(raiseBudgetUpdate, {
          args: [{ ...limits, ...(usd === undefined ? {} : { microUsd: Math.round(usd * 1e6) }) }],
        }),
      ),
    answer: (swarmId, answer) =>
      message(swarmId, () =>
        'outcome' in answer ? handleOf(swarmId).executeUpdate(judgeUpdate, { args: [answer.outcome] }) : handleOf(swarmId).executeUpdate(answerUpdate, { args: [answer] }),
      ),
    switchTopology: (swarmId, to) => message(swarmId, () => handleOf(swarmId).executeUpdate(switchTopologyUpdate, { args: [to] })),
    wantedWorkers: async (queue) => {
      const wanted = await readWanted(client, queue);
      if (wanted) return wanted;
      throw new SwarmError({
        code: 'not_found',
        message: `No scaler of ${queue} runs.`,
        why: 'Nobody has started one.',
        fix: `Start one: POST /v1/scaling/${queue} with { "max": 8 }`,
      });
    },
    scale: (queue, { min, max, perWorker, patience, quiet }) => ensureScaler(client, queue, { min, max, perWorker, patienceMs: patience, quietMs: quiet }),
    stopScaling: (queue) => stopScaler(client, queue),
    readiness: (queues) => readReadiness(client, queues),
  };
};

const noResult = (swarmId: string, status: string): SwarmError =>
  new SwarmError({
    code: 'not_found',
    message: `${swarmId} has no result.`,
    why: `It ended ${status} before one was written.`,
    fix: `See what it reached with: cf show ${swarmId}`,
  });

const ended = (swarmId: string, status: string): SwarmError =>
  new SwarmError({
    code: 'conflict',
    message: `${swarmId} has already ended (${status}).`,
    why: 'A swarm that has ended takes no more messages.',
    fix: 'Start a new one with: cf run',
  });

/** What `start` would start, refused for the same reasons. */
const preview = async ({ catalogue, chooseModel, version }: SwarmsDeps, command: StartCommand): ReturnType<Swarms['preview']> => {
  const model = await chooseModel(command.model);
  const regionModels = await regionModelsOf({ chooseModel }, command);
  const { roster, tasks } = snapshotOf(command, { catalogue: await catalogue(), model, regionModels, swarmId: 'swarm-preview', traceId: newTraceId(), version, now: Date.now() });
  return { model: model.ref, modelReason: model.reason, roster: roster.map(({ name }) => name), tasks: tasks?.length ?? null };
};

const PATIENCE_POLL_MS = 500;

/** Reads again while a server or a worker is being restarted, until `stop`. */
const patiently = async <T>(read: () => Promise<T>, stop: AbortSignal): Promise<T> => {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (stop.aborted || !(error instanceof SwarmError) || error.code !== 'unreachable') throw error;
      await delay(PATIENCE_POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
};
