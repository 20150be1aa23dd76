import { createHash } from 'node:crypto';
import { PLACES, type SettingName } from './schema.js';
import type { Settings } from './settings.js';

const given = ({ providers: { anthropic, openai, compat, simScript } }: Settings): Partial<Record<SettingName, string | null>> => ({
  anthropicKey: anthropic.apiKey,
  anthropicUrl: anthropic.baseUrl,
  openaiKey: openai.apiKey,
  openaiUrl: openai.baseUrl,
  compatKey: compat.apiKey,
  compatUrl: compat.baseUrl,
  ollamaHost: compat.ollamaHost,
  simScript,
});

/** The environment a worker process is started with so that it reaches the same providers; holds the keys, so never log it. */
export const providerEnv = (settings: Settings): Record<string, string> =>
  Object.fromEntries(Object.entries(given(settings)).flatMap(([name, value]) => (value === null ? [] : [[PLACES[name as SettingName].env, value]])));

/** SHA-256 of each provider setting, by name: a worker that lacks one of them, or has another, must be replaced. */
export const providerFingerprints = (settings: Settings): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(providerEnv(settings)).map(([name, value]) => [name, createHash('sha256').update(`${name}=${value}`).digest('hex')]));
