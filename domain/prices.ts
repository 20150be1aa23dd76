import type { Price } from './budget.js';

/** List prices in micro-USD per million tokens, as published in autumn 2025; a model that is not here has an unknown price. */
const PRICES: Readonly<Record<string, readonly [input: number, output: number]>> = {
  'anthropic/claude-opus-4-1': [15_000_000, 75_000_000],
  'anthropic/claude-sonnet-4-5': [3_000_000, 15_000_000],
  'anthropic/claude-haiku-4-5': [1_000_000, 5_000_000],
  'openai/gpt-5': [1_250_000, 10_000_000],
  'openai/gpt-5-mini': [250_000, 2_000_000],
  'openai/gpt-5-nano': [50_000, 400_000],
};

/** Null where we do not know; a model of this machine costs nothing. */
export const priceOf = (ref: string): Price | null => {
  if (ref.startsWith('local/') || ref.startsWith('sim/')) return { inputMicroUsdPerMillion: 0, outputMicroUsdPerMillion: 0 };
  const [input, output] = PRICES[ref] ?? [];
  return input === undefined || output === undefined ? null : { inputMicroUsdPerMillion: input, outputMicroUsdPerMillion: output };
};
