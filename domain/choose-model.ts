import { parseModelRef, PROVIDERS } from './names.js';

/** What the order of choice looks at (architecture.md section 7). */
export interface ModelFacts {
  /** `--model`, `CF_MODEL` or configuration, with where it was said. */
  readonly asked: { readonly ref: string; readonly from: string } | null;
  readonly anthropicKey: boolean;
  readonly openaiKey: boolean;
  /** A local server that answers, and a model it serves. */
  readonly localServer: { readonly name: string; readonly model: string } | null;
}

export const DEFAULT_MODELS = { anthropic: 'anthropic/claude-sonnet-4-5', openai: 'openai/gpt-5-mini', local: 'local/smollm2-135m-instruct' } as const;

export type ModelVerdict = { readonly ref: string; readonly reason: string } | { readonly refused: string; readonly fix: string };

/** The model and why; a `sim/` model only when it is asked for by name. */
export const pickModel = ({ asked, anthropicKey, openaiKey, localServer }: ModelFacts): ModelVerdict => {
  if (asked) {
    if (parseModelRef(asked.ref) === null)
      return { refused: `"${asked.ref}" is not of the form provider/model with a provider of ${PROVIDERS.join(', ')}.`, fix: `For example --model ${DEFAULT_MODELS.openai}` };
    return { ref: asked.ref, reason: `asked for by ${asked.from}` };
  }
  if (anthropicKey) return { ref: DEFAULT_MODELS.anthropic, reason: 'ANTHROPIC_API_KEY is set' };
  if (openaiKey) return { ref: DEFAULT_MODELS.openai, reason: 'OPENAI_API_KEY is set' };
  if (localServer) return { ref: `compat/${localServer.model}`, reason: `${localServer.name} answers on this machine` };
  return { ref: DEFAULT_MODELS.local, reason: 'no key and no local model server: the embedded model' };
};
