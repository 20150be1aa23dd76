import { z } from 'zod';

/** A model server of this machine, with a model it serves. */
export interface LocalServer {
  readonly name: string;
  readonly model: string;
  /** Base of its OpenAI-compatible routes. */
  readonly baseUrl: string;
}

const PROBE_MS = 400;

const openAiModels = z.object({ data: z.array(z.object({ id: z.string().min(1) })).min(1) });

const candidates = (ollamaHost: string | null): readonly { readonly name: string; readonly baseUrl: string }[] => [
  { name: 'Ollama', baseUrl: `${withScheme(ollamaHost ?? '127.0.0.1:11434')}/v1` },
  { name: 'LM Studio', baseUrl: 'http://127.0.0.1:1234/v1' },
  { name: 'llama.cpp', baseUrl: 'http://127.0.0.1:8080/v1' },
];

const withScheme = (host: string): string => (/^https?:\/\//.test(host) ? host : `http://${host}`).replace(/\/+$/, '');

/** The first of Ollama, LM Studio and llama.cpp that answers with a list of models; a stranger on such a port is none. */
export const probeLocalServer = async ({ ollamaHost }: { readonly ollamaHost: string | null }): Promise<LocalServer | null> => {
  const found = await Promise.all(candidates(ollamaHost).map(modelOf));
  return found.find((server) => server !== null) ?? null;
};

const modelOf = async ({ name, baseUrl }: { readonly name: string; readonly baseUrl: string }): Promise<LocalServer | null> => {
  try {
    const response = await fetch(`${baseUrl}/models`, { signal: AbortSignal.timeout(PROBE_MS), redirect: 'error' });
    const models = openAiModels.safeParse(await response.json());
    return models.success ? { name, model: models.data.data[0]?.id ?? '', baseUrl } : null;
  } catch {
    return null;
  }
};
