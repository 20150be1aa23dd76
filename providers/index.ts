import type { ProviderName } from '../domain/names.js';
import { createAnthropicProvider, createCompatProvider, createOpenAiProvider } from './hosted.js';
import { createLocalProvider, type LocalDeps } from './local/provider.js';
import { withBreaker } from './breaker.js';
import type { ModelProvider, ModelProviders } from './port.js';
import { createSimProvider } from './sim.js';

export type { ModelProvider, ModelProviders, ModelReply, ModelRequest } from './port.js';

interface Access {
  readonly apiKey: string | null;
  readonly baseUrl: string | null;
}

export interface ProvidersDeps {
  readonly anthropic: Access;
  readonly openai: Access;
  readonly compat: Access;
  readonly simScript: string | null;
  readonly local: LocalDeps;
  readonly version: string;
}

/** The providers this process can serve: those with a key or an address, the embedded model and the simulated ones. */
export const createProviders = ({ anthropic, openai, compat, simScript, local, version }: ProvidersDeps): ModelProviders => {
  const providers = new Map<ProviderName, ModelProvider>();
  if (anthropic.apiKey !== null) providers.set('anthropic', withBreaker(createAnthropicProvider({ ...anthropic, version })));
  if (openai.apiKey !== null) providers.set('openai', withBreaker(createOpenAiProvider({ ...openai, version })));
  if (compat.baseUrl !== null) providers.set('compat', withBreaker(createCompatProvider({ ...compat, version })));
  providers.set('local', createLocalProvider(local));
  providers.set('sim', createSimProvider({ scriptFile: simScript }));
  return providers;
};
