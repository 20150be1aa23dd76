import { figuresOf } from '../../domain/figures.js';
import { SwarmError, type ErrorReport } from '../../domain/errors.js';
import type { EventDraft, SwarmEvent } from '../../domain/events.js';
import type { AgentDefinition } from '../../domain/agent.js';
import { parseModelRef } from '../../domain/names.js';
import type { ModelChoice } from '../../domain/model-call.js';
import type { SwarmInput } from '../../domain/swarm-input.js';
import { isEnded, openState, record, type SwarmState, type SwarmStatus } from '../../domain/swarm-state.js';
import { openTask } from '../../domain/task-state.js';
import { statusInputOf, viewOf, type SwarmView } from '../../domain/view.js';
import type { StartCommand } from '../../temporal/commands.js';
import type { StartOptions, Swarms } from '../../temporal/port.js';
import { commandHash, idOfKey, rosterOf, snapshotOf, toSpec } from '../../temporal/snapshot.js';

/** A `Swarms` in memory, built from the product's own snapshot and state functions; time stands still unless a test moves it. */
export interface FakeSwarms extends Swarms {
  /** Records one event in a swarm; followers see it at once. */
  emit(swarmId: string, draft: Omit<EventDraft, 'at'>): void;
  /** Runs what is left of a swarm to its end. */
  finish(swarmId: string, end?: { readonly status?: SwarmStatus; readonly result?: string | null; readonly failure?: ErrorReport | null }): void;
  /** What was started, in order. */
  readonly started: readonly { readonly swarmId: string; readonly command: StartCommand; readonly options: StartOptions }[];
  /** `cancel swarm-…`, `steer swarm-… text`, in order. */
  readonly messages: readonly string[];
  /** Followers that are waiting for events right now. */
  followers(): number;
}

export interface FakeOptions {
  /** Run each swarm to `completed` as it starts; default true. */
  readonly autoplay?: boolean;
  readonly defaultModel?: string;
  readonly result?: string;
  /** Queues that no worker polls. */
  readonly silentQueues?: readonly string[];
  /** Thrown by `show` as many times as there are errors. */
  readonly showErrors?: SwarmError[];
}

interface Entry {
  readonly input: SwarmInput;
  readonly state: SwarmState;
  readonly hash: string;
  readonly outputs: Map<string, string>;
  result: string | null;
}

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

export const fakeRole = (name: string, craft = 'research'): AgentDefinition => ({
  name,
  craft,
  description: `Does the work of a ${name}.`,
  capabilities: [name],
  tools: [],
  model: 'inherit',
  limits: {},
  vote: { eligible: true, weight: 1 },
  output: 'report',
  instruction: `You are the ${name}.`,
  sha256: '0'.repeat(64),
  source: 'builtin',
});

export const FAKE_CATALOGUE: ReadonlyMap<string, AgentDefinition> = new Map(
  [
    fakeRole('queen', 'coordination'),
    fakeRole('planner', 'coordination'),
    fakeRole('aggregator', 'coordination'),
    fakeRole('researcher'),
    fakeRole('coder', 'coding'),
    fakeRole('reviewer', 'review'),
  ].map((role) => [role.name, role]),
);

export const fakeModel = (ref: string, reason: string): ModelChoice => {
  const parsed = parseModelRef(ref);
  if (!parsed)
    throw new SwarmError({
      code: 'invalid_input',
      message: `There is no model "${ref}".`,
      why: 'A model is named provider/model.',
      fix: 'Use --model openai/gpt-5-mini, for example.',
    });
  const simulated = parsed.provider === 'sim';
  return { ref, ...parsed, reason, simulated, maxOutputTokens: 4_096, price: simulated ? null : { inputMicroUsdPerMillion: 1_000_000, outputMicroUsdPerMillion: 2_000_000 } };
};

/** Time between two events. */
const STEP_MS = 1_000;

export const createFakeSwarms = ({
  autoplay = true,
  defaultModel = 'openai/gpt-5-mini',
  result = 'The answer.',
  silentQueues = [],
  showErrors = [],
}: FakeOptions = {}): FakeSwarms => {
  const entries = new Map<string, Entry>();
  const started: FakeSwarms['started'][number][] = [];
  const messages: string[] = [];
  const scalers = new Map<string, { readonly min: number }>();
  const waiting = new Set<() => void>();
  let now = START;

  const find = (swarmId: string): Entry => {
    const entry = entries.get(swarmId);
    if (!entry)
      throw new SwarmError({ code: 'not_found', message: `There is no swarm ${swarmId}.`, why: 'Neither Temporal nor the read model knows it.', fix: 'List swarms with: cf ps' });
    return entry;
  };
  const running = (swarmId: string): Entry => {
    const entry = find(swarmId);
    if (isEnded(entry.state.status))
      throw new SwarmError({
        code: 'conflict',
        message: `${swarmId} has already ended (${entry.state.status}).`,
        why: 'A swarm that has ended takes no more messages.',
        fix: 'Start a new one with: cf run',
      });
    return entry;
  };
  const emitTo = ({ state }: Entry, draft: Omit<EventDraft, 'at'>): void => {
    now += STEP_MS;
    record(state, { ...draft, at: now });
    for (const wake of [...waiting]) wake();
  };
  const blob = (text: string) => ({ hash: '1'.repeat(64), bytes: text.length, preview: text.slice(0, 120) });
  const viewOfEntry = ({ input, state }: Entry): SwarmView => ({
    ...viewOf({ input: statusInputOf(input), state, lastSeq: state.log.events.length }, now),
    temporalUi: `http://127.0.0.1:8233/namespaces/default/workflows/${state.swarmId}`,
  });
  const choose = (ref: string | undefined): ModelChoice => fakeModel(ref ?? defaultModel, ref === undefined ? 'the default of this test' : 'asked for by the request');

  const begin = (entry: Entry): void => {
    const { input, state } = entry;
    emitTo(entry, {
      type: 'swarm.started',
      data: { topology: input.topology, model: input.model.ref, reason: input.model.reason, simulated: input.model.simulated, budget: input.budget },
    });
    emitTo(entry, { type: 'swarm.recalled', data: { memories: 0 } });
    state.tasks = (
      input.tasks ?? [
        { id: 't1', title: 'Find out' },
        { id: 't2', title: 'Write it up', dependsOn: ['t1'] },
      ]
    ).map((spec) => openTask(spec));
    emitTo(entry, { type: 'plan.accepted', data: { tasks: state.tasks.length, by: input.tasks ? 'hand' : 'planner' } });
  };
  const finish: FakeSwarms['finish'] = (swarmId, { status = 'completed', result: text = result, failure = null } = {}) => {
    const entry = find(swarmId);
    if (status === 'completed') {
      for (const { id } of entry.state.tasks) {
        const output = `Output of ${id}.`;
        entry.outputs.set(id, output);
        emitTo(entry, { type: 'task.assigned', taskId: id, agentId: 'researcher-1', data: { reason: 'named by the plan' } });
        emitTo(entry, {
          type: 'task.answered',
          taskId: id,
          agentId: 'researcher-1',
          data: { output: blob(output), usage: { in: 100, out: 50, microUsd: entry.input.model.price ? 200 : null } },
        });
        emitTo(entry, { type: 'task.succeeded', taskId: id, agentId: 'researcher-1', data: {} });
      }
      emitTo(entry, { type: 'aggregate.started', data: {} });
    }
    entry.result = text;
    if (text !== null) emitTo(entry, { type: 'result.aggregated', agentId: 'aggregator-1', data: { result: blob(text), text } });
    emitTo(entry, { type: 'swarm.ended', data: { status, ...(failure ? { failure } : {}) } });
  };
  const nextEvent = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });

  async function* events(swarmId: string, { afterSeq = 0, follow = true, signal }: NonNullable<Parameters<Swarms['events']>[1]> = {}): AsyncGenerator<SwarmEvent> {
    const { log } = find(swarmId).state;
    for (let seq = afterSeq; ; ) {
      signal?.throwIfAborted();
      const event = log.events[seq];
      if (event) {
        seq += 1;
        yield event;
        if (event.type === 'swarm.ended') return;
      } else if (!follow || isEnded(find(swarmId).state.status)) return;
      else await nextEvent(signal);
    }
  }

  const swarms: FakeSwarms = {
    start: async (command, options = {}) => {
      const swarmId = options.idempotencyKey === undefined ? `swarm-fake${started.length + 1}` : idOfKey(options.idempotencyKey);
      const hash = commandHash(command);
      const before = entries.get(swarmId);
      if (before && before.hash !== hash)
        throw new SwarmError({
          code: 'idempotency_mismatch',
          message: 'The idempotency key belongs to another request.',
          why: `It started ${swarmId} with other settings.`,
          fix: 'Use a new key, or repeat the first request unchanged.',
        });
      const temporalUi = `http://127.0.0.1:8233/namespaces/default/workflows/${swarmId}`;
      if (before) return { swarmId, temporalUi, created: false };
      const input = snapshotOf(command, { catalogue: FAKE_CATALOGUE, model: choose(command.model), swarmId, traceId: options.traceId ?? 'a'.repeat(32), version: '0.0.0', now });
      const entry: Entry = { input, state: openState(input, now + STEP_MS), hash, outputs: new Map(), result: null };
      entries.set(swarmId, entry);
      started.push({ swarmId, command, options });
      begin(entry);
      if (autoplay) finish(swarmId);
      return { swarmId, temporalUi, created: true };
    },
    preview: async (command) => {
      const model = choose(command.model);
      return { model: model.ref, modelReason: model.reason, roster: rosterOf(FAKE_CATALOGUE, command).map(({ name }) => name), tasks: command.tasks?.length ?? null };
    },
    figures: async (swarmId) => figuresOf(await swarms.show(swarmId), find(swarmId).state.log.events),
    show: async (swarmId) => {
      const error = showErrors.shift();
      if (error) throw error;
      return viewOfEntry(find(swarmId));
    },
    list: async ({ limit = 20, cursor, status } = {}) => {
      const from = Number(cursor ?? 0);
      const all = [...entries.values()]
        .reverse()
        .map(viewOfEntry)
        .filter((view) => status === undefined || view.status === status);
      return { swarms: all.slice(from, from + limit), nextCursor: all.length > from + limit ? String(from + limit) : null };
    },
    wait: async (swarmId, waitMs, signal) => {
      const stop = AbortSignal.any([AbortSignal.timeout(Math.max(1, waitMs)), ...(signal ? [signal] : [])]);
      while (!isEnded(find(swarmId).state.status) && !stop.aborted) await nextEvent(stop);
      return viewOfEntry(find(swarmId));
    },
    result: async (swarmId) => {
      const { result: text } = find(swarmId);
      if (text === null)
        throw new SwarmError({ code: 'not_found', message: `${swarmId} has no result yet.`, why: 'It has not been written.', fix: `Follow it with: cf watch ${swarmId}` });
      return text;
    },
    output: async (swarmId, taskId) => {
      const text = find(swarmId).outputs.get(taskId);
      if (text === undefined)
        throw new SwarmError({
          code: 'not_found',
          message: `${swarmId} has no task "${taskId}".`,
          why: 'No task of its plan has this id.',
          fix: `See its tasks with: cf show ${swarmId}`,
        });
      return text;
    },
    events,
    cancel: async (swarmId) => {
      running(swarmId);
      messages.push(`cancel ${swarmId}`);
      finish(swarmId, { status: 'cancelled', result: null });
    },
    pause: async (swarmId) => {
      messages.push(`pause ${swarmId}`);
      emitTo(running(swarmId), { type: 'swarm.paused' });
    },
    resume: async (swarmId) => {
      messages.push(`resume ${swarmId}`);
      emitTo(running(swarmId), { type: 'swarm.resumed' });
    },
    steer: async (swarmId, text) => {
      messages.push(`steer ${swarmId} ${text}`);
      emitTo(running(swarmId), { type: 'swarm.steered', data: { text } });
    },
    addTasks: async (swarmId, tasks) => {
      const entry = running(swarmId);
      messages.push(`add ${swarmId} ${tasks.map(({ id }) => id).join(',')}`);
      for (const task of tasks) emitTo(entry, { type: 'task.added', taskId: task.id, data: { spec: toSpec(task) } });
      return entry.state.tasks.length;
    },
    raiseBudget: async (swarmId, { usd, ...limits }) => {
      messages.push(`budget ${swarmId} ${JSON.stringify({ ...limits, usd })}`);
      emitTo(running(swarmId), {
        type: 'swarm.budgetRaised',
        data: { budget: { ...limits, ...(usd === undefined ? {} : { microUsd: usd * 1e6 }) } },
      });
    },
    answer: async (swarmId, answer) => {
      if ('outcome' in answer) {
        messages.push(`answer ${swarmId} outcome ${answer.outcome}`);
        return emitTo(running(swarmId), { type: 'vote.judged', data: { vote: 'vote', verdict: answer.outcome } });
      }
      const { taskId, decision } = answer;
      messages.push(`answer ${swarmId} ${taskId} ${decision}`);
      emitTo(running(swarmId), { type: 'task.decided', taskId, data: { decision } });
    },
    switchTopology: async (swarmId, to) => {
      messages.push(`switch ${swarmId} ${to}`);
      const entry = running(swarmId);
      emitTo(entry, { type: 'swarm.switched', data: { from: entry.state.topology, to } });
    },
    wantedWorkers: async (queue) => {
      const policy = scalers.get(queue);
      if (!policy) throw new SwarmError({ code: 'not_found', message: `No scaler of ${queue} runs.`, why: '', fix: '' });
      return { queue, wanted: policy.min, waiting: 0, oldestMs: 0, reason: 'nothing has waited yet', at: null };
    },
    scale: async (queue, policy) => void scalers.set(queue, policy),
    stopScaling: async (queue) => void scalers.delete(queue),
    readiness: async (queues) => ({ temporal: true, serverVersion: '1.32.0', queues: Object.fromEntries(queues.map((queue) => [queue, !silentQueues.includes(queue)])) }),
    emit: (swarmId, draft) => emitTo(find(swarmId), draft),
    finish,
    started,
    messages,
    followers: () => waiting.size,
  };
  return swarms;
};
