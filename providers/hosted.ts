import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createAdapter } from './ai-sdk.js';
import type { ModelProvider } from './port.js';

export interface Endpoint {
  readonly apiKey: string | null;
  readonly baseUrl: string | null;
  readonly version: string;
}

/** A base URL with exactly one `/v1` at its end: the vendors' own tools differ in whether they want it. */
const withV1 = (url: string): string => `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

export const createAnthropicProvider = ({ apiKey, baseUrl, version }: Endpoint): ModelProvider =>
  createAdapter({
    name: 'anthropic',
    version,
    modelOf: (name, fetch) => createAnthropic({ apiKey: apiKey ?? '', fetch, ...(baseUrl === null ? {} : { baseURL: withV1(baseUrl) }) })(name),
  });

/** Chat completions rather than responses: proxies and gateways behind `OPENAI_BASE_URL` all speak it. */
export const createOpenAiProvider = ({ apiKey, baseUrl, version }: Endpoint): ModelProvider =>
  createAdapter({
    name: 'openai',
    version,
    modelOf: (name, fetch) => createOpenAI({ apiKey: apiKey ?? '', fetch, ...(baseUrl === null ? {} : { baseURL: baseUrl.replace(/\/+$/, '') }) }).chat(name),
  });

/** Ollama, LM Studio, llama.cpp server and whatever else speaks OpenAI's chat completions. */
export const createCompatProvider = ({ apiKey, baseUrl, version }: Endpoint): ModelProvider =>
  createAdapter({
    name: 'compat',
    version,
    modelOf: (name, fetch) =>
      createOpenAICompatible({ name: 'compat', baseURL: withV1(baseUrl ?? ''), supportsStructuredOutputs: true, fetch, ...(apiKey === null ? {} : { apiKey }) })(name),
  });
