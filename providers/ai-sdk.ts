import { randomBytes } from 'node:crypto';
import { generateText, jsonSchema, NoObjectGeneratedError, Output, type LanguageModel } from 'ai';
import { CONTRACTS } from '../domain/contracts.js';
import { SwarmError } from '../domain/errors.js';
import type { ProviderName } from '../domain/names.js';
import { providerError } from './errors.js';
import { guardedFetch } from './guarded-fetch.js';
import type { ModelProvider, ModelReply, ModelRequest } from './port.js';
import { readAnswer } from './validate.js';

export interface AdapterDeps {
  readonly name: ProviderName;
  readonly version: string;
  /** A model of the SDK that sends through `fetch`. */
  readonly modelOf: (name: string, fetch: typeof globalThis.fetch) => LanguageModel;
}

/** One adapter for every provider the AI SDK speaks to: one request a call, since Temporal retries, with the call key as `Idempotency-Key`. */
export const createAdapter = ({ name, version, modelOf }: AdapterDeps): ModelProvider => ({
  name,
  generate: async (request) => {
    const fetch = guardedFetch({
      'idempotency-key': request.key,
      'user-agent': `durable-swarm/${version}`,
      traceparent: `00-${request.traceId}-${randomBytes(8).toString('hex')}-01`,
    });
    try {
      return replyOf(await ask(modelOf(request.model, fetch), request), request, name);
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw overLimit(error) ?? providerError(error, name);
    }
  },
});

interface Whole {
  readonly text: string;
  readonly finishReason: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

const ask = async (model: LanguageModel, { system, prompt, contract, maxOutputTokens, signal }: ModelRequest): Promise<Whole> => {
  try {
    const result = await generateText({
      model,
      system,
      prompt,
      maxOutputTokens,
      maxRetries: 0,
      abortSignal: signal,
      output: Output.object({ schema: jsonSchema(CONTRACTS[contract].schema as Parameters<typeof jsonSchema>[0]), name: contract.replaceAll('-', '_') }),
    });
    return { text: result.text, finishReason: result.finishReason, ...result.usage };
  } catch (error) {
    // The SDK's own reading of the text is not ours: what the model wrote is kept and judged below.
    if (!NoObjectGeneratedError.isInstance(error) || error.text === undefined) throw error;
    return { text: error.text, finishReason: error.finishReason, inputTokens: error.usage?.inputTokens, outputTokens: error.usage?.outputTokens };
  }
};

const replyOf = ({ text, finishReason, inputTokens = 0, outputTokens = 0 }: Whole, { contract, maxOutputTokens }: ModelRequest, provider: string): ModelReply => {
  if (text.trim() === '')
    throw new SwarmError({
      code: 'provider_unavailable',
      message: `${provider} gave an empty answer.`,
      why: `It ended with "${finishReason ?? 'nothing'}".`,
      fix: 'Nothing to do: the call is tried again.',
    });
  const usage = { inputTokens, outputTokens };
  if (finishReason === 'length') return { raw: text, answer: null, broken: `The answer was cut at ${maxOutputTokens} tokens.`, usage };
  return { raw: text, ...readAnswer(text, contract), usage };
};

/** The size guard's error travels inside the SDK's. */
const overLimit = (error: unknown): SwarmError | null => {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) if (at instanceof SwarmError) return at;
  return null;
};
