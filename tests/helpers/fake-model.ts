import { CONTRACTS, type ContractName, type Schema } from '../../domain/contracts.js';
import { SwarmError } from '../../domain/errors.js';
import { readAnswer } from '../../providers/validate.js';
import type { ModelProvider, ModelRequest } from '../../providers/port.js';

/** The smallest answer that a schema accepts; every free text says which call it answers. */
export const smallest = (schema: Schema, key: string): unknown => {
  switch (schema.type) {
    case 'string':
      return schema.enum?.[0] ?? `answer to ${key}`;
    case 'number':
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => smallest(schema.items, key));
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, smallest(property, key)]));
  }
};

/** A valid answer for a contract; a plan has two tasks, since the smallest one names no role, and a ballot approves the first. */
export const answerFor = (contract: ContractName, key: string, choices: readonly string[] = []): unknown => {
  if (contract === 'plan') return { tasks: ['t1', 't2'].map((id) => ({ id, title: `Do ${id}`, role: 'researcher', dependsOn: [] })) };
  if (contract === 'ballot') return { choice: 'approve', reasons: [`answer to ${key}`], claims: [] };
  if (contract === 'preference') return { options: choices.slice(0, 1), reasons: [`answer to ${key}`], claims: [] };
  return smallest(CONTRACTS[contract].schema, key);
};

export interface FakeModel {
  readonly provider: ModelProvider;
  /** Every request, in order of arrival. */
  readonly requests: readonly ModelRequest[];
  /** Keys asked for so far, without the swarm id. */
  keys(): readonly string[];
  /** Holds back every call whose key matches until the returned function is called. */
  hold(key: RegExp): () => void;
}

/** What a test wants instead of the smallest valid answer: a value, raw text, an error, or undefined for the default; a promise answers later. */
export type Script = (request: ModelRequest & { readonly call: string }) => unknown;

/** A provider in memory that answers by contract, as `sim/fake`; honours the abort signal while it is held. */
export const createFakeModel = (script: Script = () => undefined): FakeModel => {
  const requests: ModelRequest[] = [];
  const gates: { readonly key: RegExp; readonly opened: Promise<void> }[] = [];
  const provider: ModelProvider = {
    name: 'sim',
    generate: async (request) => {
      requests.push(request);
      const call = request.key.slice(request.key.indexOf('/') + 1);
      for (const gate of gates.filter(({ key }) => key.test(request.key))) await Promise.race([gate.opened, aborted(request.signal)]);
      const wanted = await script({ ...request, call });
      if (wanted instanceof SwarmError) throw wanted;
      const raw = typeof wanted === 'string' ? wanted : JSON.stringify(wanted ?? answerFor(request.contract, call, request.choices));
      return {
        raw,
        ...readAnswer(raw, request.contract),
        usage: request.prompt.includes('use it all') ? { inputTokens: 1_000, outputTokens: request.maxOutputTokens } : { inputTokens: 100, outputTokens: 10 },
      };
    },
  };
  return {
    provider,
    requests,
    keys: () => requests.map(({ key }) => key.slice(key.indexOf('/') + 1)),
    hold: (key) => {
      let open = (): void => undefined;
      gates.push({
        key,
        opened: new Promise((resolve) => {
          open = resolve;
        }),
      });
      return () => open();
    },
  };
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
