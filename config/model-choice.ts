import { pickModel } from '../domain/choose-model.js';
import { SwarmError } from '../domain/errors.js';
import type { ModelChoice } from '../domain/model-call.js';
import { parseModelRef } from '../domain/names.js';
import { priceOf } from '../domain/prices.js';
import type { Settings } from './settings.js';
import { probeLocalServer, type LocalServer } from './probe.js';

/** The embedded model writes at most this much per value; other models what the contract allows (tokens). */
const LOCAL_OUTPUT_TOKENS = 256;
const HOSTED_OUTPUT_TOKENS = 16_384;

export interface ChoiceRequest {
  readonly settings: Settings;
  /** The model a command names: `--model`, `model:` of a spec, REST or MCP. */
  readonly explicit?: string | undefined;
  readonly probe?: typeof probeLocalServer;
}

/** The model of a new swarm and why (architecture.md section 7). Throws `invalid_input` for an unknown form and `unauthenticated` for a missing key. */
export const chooseModel = async ({ settings, explicit, probe = probeLocalServer }: ChoiceRequest): Promise<ModelChoice> => {
  const { anthropic, openai, compat } = settings.providers;
  const asked = explicit === undefined ? settings.model : { ref: explicit, from: 'the request' };
  const looksFurther = asked === null && anthropic.apiKey === null && openai.apiKey === null;
  const verdict = pickModel({ asked, anthropicKey: anthropic.apiKey !== null, openaiKey: openai.apiKey !== null, localServer: looksFurther ? await probe(compat) : null });
  if ('refused' in verdict) throw new SwarmError({ code: 'invalid_input', message: 'That model can not be used.', why: verdict.refused, fix: verdict.fix });
  const parsed = parseModelRef(verdict.ref);
  if (!parsed) throw new SwarmError({ code: 'invalid_input', message: `"${verdict.ref}" is no model.`, why: 'A model is provider/model.', fix: 'Use --model provider/model.' });
  if (parsed.provider === 'anthropic' && anthropic.apiKey === null) throw missing('ANTHROPIC_API_KEY', verdict.ref);
  if (parsed.provider === 'openai' && openai.apiKey === null) throw missing('OPENAI_API_KEY', verdict.ref);
  if (parsed.provider === 'compat' && compat.baseUrl === null && (await probe(compat)) === null) throw missing('CF_COMPAT_BASE_URL', verdict.ref);
  return {
    ref: verdict.ref,
    provider: parsed.provider,
    name: parsed.name,
    reason: verdict.reason,
    simulated: parsed.provider === 'sim',
    maxOutputTokens: parsed.provider === 'local' ? LOCAL_OUTPUT_TOKENS : HOSTED_OUTPUT_TOKENS,
    price: priceOf(verdict.ref),
  };
};

const missing = (variable: string, ref: string): SwarmError =>
  new SwarmError({
    code: 'unauthenticated',
    message: `${ref} needs ${variable}.`,
    why: 'It is not set in the environment, in .env or in the configuration.',
    fix: `Set ${variable}, or choose another model with --model.`,
  });

export type { LocalServer };
