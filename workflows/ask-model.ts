import * as wf from '@temporalio/workflow';
import type { ModelActivities } from '../activities/call-model.js';
import { amountText, costOf, hasSameLimits, isUnlimited, NOTHING, reserve, settle, upperBound, type Amount } from '../domain/budget.js';
import { CONTRACTS, type ContractName } from '../domain/contracts.js';
import type { ErrorReport } from '../domain/errors.js';
import type { EventDraft } from '../domain/events.js';
import { LIMITS, OUTPUT_TOKENS } from '../domain/limits.js';
import type { ModelAnswer, PromptPart } from '../domain/model-call.js';
import { callKey, modelQueue } from '../domain/names.js';
import { promptBytes, repairPrompt } from '../domain/prompts.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { SwarmState } from '../domain/swarm-state.js';
import { isCounted, type CallUsage } from '../domain/usage.js';
import { failureOf } from './failure-of.js';
import { modelCall } from './options.js';

/** One question to a model; `scope`, `purpose` and `nth` make the call key. */
export interface Question {
  /** Task id, or `swarm`. */
  readonly scope: string;
  readonly purpose: string;
  readonly nth: number;
  readonly role: string;
  readonly agentId: string;
  readonly contract: ContractName;
  readonly prompt: readonly PromptPart[];
  readonly priority?: number;
  readonly timeoutMs?: number | null;
  /** Return the text too, for the result that edges print. */
  readonly inline?: boolean;
  /** What the answer may name: see `ModelCall`. */
  readonly choices?: readonly string[];
}

export type Answered = { readonly ok: true; readonly answer: ModelAnswer; readonly usage: CallUsage } | { readonly ok: false; readonly failure: ErrorReport };

export interface Asker {
  /** Waits while the swarm is paused, reserves, calls, settles; repairs a broken answer once. Throws only on cancellation. */
  ask(question: Question): Promise<Answered>;
}

export interface AskerDeps {
  readonly input: SwarmInput;
  readonly state: SwarmState;
  /** Writes an event into the log of this coordinator. */
  readonly emit: (draft: Omit<EventDraft, 'at'>) => void;
  readonly isPaused: () => boolean;
  /** Where calls run: on the queue of the model's provider unless told. */
  readonly queue?: string;
}

/** Asks models on behalf of one coordinator, inside the budget that it holds. */
export const createAsker = ({ input, state, emit, isPaused, queue }: AskerDeps): Asker => {
  let inFlight = 0;

  /** Sets the amount aside and counts the call as in flight in one step, so that racing calls see each other. */
  const tryHold = (amount: Amount): boolean => {
    const held = isUnlimited(state.budget) ? state.budget : reserve(state.budget, amount);
    if (held === null) return false;
    state.budget = held;
    inFlight += 1;
    return true;
  };

  /** Waits for calls in flight to give back what they reserved too much; false with none left: there is nothing to wait for. */
  const hold = async (amount: Amount): Promise<boolean> => {
    while (inFlight > 0) {
      const before = inFlight;
      const limits = state.budget;
      await wf.condition(() => inFlight < before || !hasSameLimits(state.budget, limits));
      if (tryHold(amount)) return true;
    }
    return false;
  };

  const call = async (question: Question): Promise<Answered> => {
    const { scope, purpose, nth, role, agentId, contract, prompt } = question;
    const system = state.texts[`role:${role}`];
    if (!system) return { ok: false, failure: report('internal', `Role "${role}" is not in the snapshot of this swarm.`) };
    const maxOutputTokens = Math.min(OUTPUT_TOKENS[contract], input.model.maxOutputTokens, limitOf(input, role));
    const bytes = promptBytes(prompt) + system.bytes + SCHEMA_BYTES[contract];
    const bound = upperBound(input.model.price, bytes, maxOutputTokens);
    // Awaited only where there is something to wait for: each promise in a workflow costs the worker about 0.1 ms (docs/performance.md).
    if (isPaused()) await wf.condition(() => !isPaused());
    if (!tryHold(bound) && !(await hold(bound))) return { ok: false, failure: overBudget(bound, state) };
    let used: Amount = NOTHING;
    try {
      const options = modelCall({
        queue: queue ?? modelQueue(input.model.provider),
        fairnessKey: input.tenant,
        summary: `${scope} ${purpose} by ${agentId} (${input.model.ref})`,
        timeoutMs: question.timeoutMs ?? null,
        ...(question.priority === undefined ? {} : { priority: question.priority }),
      });
      const answer = await wf.proxyActivities<ModelActivities>(options).callModel({
        key: callKey(input.swarmId, scope, purpose, nth),
        model: input.model.ref,
        contract,
        system: system.hash,
        prompt,
        maxOutputTokens,
        traceId: input.traceId,
        ...(question.inline === true ? { inlineBytes: LIMITS.inlineResultBytes } : {}),
        ...(question.choices ? { choices: question.choices } : {}),
      });
      const { inputTokens, outputTokens } = answer.usage;
      const microUsd = costOf(input.model.price, inputTokens, outputTokens);
      const counted = `${purpose}/${nth}`;
      // Found in the ledger by a coordinator that took over: what it used was booked before.
      if (!isCounted(state.counted, scope, counted)) used = { tokens: inputTokens + outputTokens, microUsd: microUsd ?? 0, calls: 1 };
      return { ok: true, answer, usage: { in: inputTokens, out: outputTokens, microUsd, call: counted } };
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      return { ok: false, failure: failureOf(error, 'A model call') };
    } finally {
      inFlight -= 1;
      if (!isUnlimited(state.budget)) state.budget = settle(state.budget, bound, used);
    }
  };

  const ask = async (question: Question): Promise<Answered> => {
    const first = await call(question);
    if (!first.ok || first.answer.broken === null) return first;
    const { broken, text } = first.answer;
    const taskOrSwarm = taskIdOf(question);
    emit({ type: 'call.settled', ...taskOrSwarm, agentId: question.agentId, data: { purpose: question.purpose, broken, text, usage: first.usage } });
    const second = await call({ ...question, purpose: `${question.purpose}-repair`, prompt: repairPrompt(question.prompt, text, broken) });
    if (!second.ok || second.answer.broken === null) return second;
    emit({
      type: 'call.settled',
      ...taskOrSwarm,
      agentId: question.agentId,
      data: { purpose: `${question.purpose}-repair`, broken: second.answer.broken, text: second.answer.text, usage: second.usage },
    });
    return { ok: false, failure: brokenTwice(input.model.ref, question.contract, second.answer) };
  };

  return { ask };
};

/** Bytes a contract's schema adds to a prompt at most, in the providers' schema modes. */
const SCHEMA_BYTES = Object.fromEntries(Object.entries(CONTRACTS).map(([name, { schema }]) => [name, 2 * JSON.stringify(schema).length])) as Readonly<Record<ContractName, number>>;

const limitOf = (input: SwarmInput, role: string): number => input.roster.find(({ name }) => name === role)?.limits.maxTokens ?? Number.POSITIVE_INFINITY;

const taskIdOf = ({ scope }: Question): { taskId?: string } => (scope === 'swarm' ? {} : { taskId: scope });

const report = (code: ErrorReport['code'], message: string, why = '', fix = ''): ErrorReport => ({ code, message, why, fix });

const overBudget = (bound: Amount, { budget }: SwarmState): ErrorReport =>
  report(
    'budget_exhausted',
    'The budget does not cover the next model call.',
    `It may need ${amountText(bound, budget)}; spent so far: ${amountText(budget.spent, budget)}.`,
    'Start it again with a larger --budget-tokens, --budget-usd or --budget-calls.',
  );

const brokenTwice = (model: string, contract: ContractName, { broken, text }: ModelAnswer): ErrorReport =>
  report(
    'provider_rejected',
    `${model} did not answer in the form "${contract}", also after one repair.`,
    `${broken ?? ''} Its text is kept as ${text.hash}.`,
    'Use a stronger model with --model.',
  );
