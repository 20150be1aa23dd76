import { redact, shownSecret } from './redact.js';
import type { Settings } from './settings.js';

/** One line of `cf config show`: the value as it may be seen, and where it came from. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly source: string;
}

/** Every setting with its source; keys only as "set (…last 4)". */
export const shownSettings = ({ home, model, providers, api, logLevel, remoteTemporal, temporalBin, seed, sources }: Settings): readonly ShownSetting[] => {
  const values = {
    home,
    model: model?.ref ?? null,
    logLevel,
    remoteTemporal,
    temporalBin,
    apiHost: api.host,
    apiPort: api.port,
    seed,
    anthropicKey: shownSecret(providers.anthropic.apiKey),
    anthropicUrl: providers.anthropic.baseUrl,
    openaiKey: shownSecret(providers.openai.apiKey),
    openaiUrl: providers.openai.baseUrl,
    compatKey: shownSecret(providers.compat.apiKey),
    compatUrl: providers.compat.baseUrl,
    ollamaHost: providers.compat.ollamaHost,
    simScript: providers.simScript,
  };
  return Object.entries(values).map(([name, value]) => ({ name, value: typeof value === 'string' ? redact(value) : value, source: sources[name] ?? 'default' }));
};
