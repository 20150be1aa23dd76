import { z } from 'zod';

const text = z.string().trim().min(1);
const httpUrl = z.string().refine((value) => /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''), 'must be an http(s) URL');

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** One schema per setting, the same for flags, environment and files. */
export const VALUES = {
  home: text,
  model: text.min(3),
  logLevel: z.enum(LOG_LEVELS),
  temporalBin: text,
  seed: z.coerce.string().min(1),
  apiPort: z.coerce.number().int().min(0).max(65_535),
  apiHost: text,
  anthropicKey: text,
  anthropicUrl: httpUrl,
  openaiKey: text,
  openaiUrl: httpUrl,
  compatKey: text,
  compatUrl: httpUrl,
  ollamaHost: text,
  simScript: text,
} as const;

export type SettingName = keyof typeof VALUES;

/** What `cf.config.{ts,json,yaml}` may hold; keys of providers belong in the environment or `.env`, never in a file that is shared. */
export const configFile = z
  .strictObject({
    home: VALUES.home,
    model: VALUES.model,
    logLevel: VALUES.logLevel,
    temporalBin: VALUES.temporalBin,
    seed: VALUES.seed,
    api: z.strictObject({ port: VALUES.apiPort, host: VALUES.apiHost }).partial(),
    providers: z
      .strictObject({
        anthropic: z.strictObject({ baseUrl: VALUES.anthropicUrl }).partial(),
        openai: z.strictObject({ baseUrl: VALUES.openaiUrl }).partial(),
        compat: z.strictObject({ baseUrl: VALUES.compatUrl, ollamaHost: VALUES.ollamaHost }).partial(),
        sim: z.strictObject({ script: VALUES.simScript }).partial(),
      })
      .partial(),
  })
  .partial();

export type ConfigFile = z.output<typeof configFile>;

/** Where each setting is found: name of the environment variable, and place in a configuration file. */
export const PLACES = {
  home: { env: 'CF_HOME', file: (c) => c.home },
  model: { env: 'CF_MODEL', file: (c) => c.model },
  logLevel: { env: 'CF_LOG_LEVEL', file: (c) => c.logLevel },
  temporalBin: { env: 'CF_TEMPORAL_BIN', file: (c) => c.temporalBin },
  seed: { env: 'CF_SEED', file: (c) => c.seed },
  apiPort: { env: 'CF_API_PORT', file: (c) => c.api?.port },
  apiHost: { env: 'CF_API_HOST', file: (c) => c.api?.host },
  anthropicKey: { env: 'ANTHROPIC_API_KEY', file: () => undefined },
  anthropicUrl: { env: 'ANTHROPIC_BASE_URL', file: (c) => c.providers?.anthropic?.baseUrl },
  openaiKey: { env: 'OPENAI_API_KEY', file: () => undefined },
  openaiUrl: { env: 'OPENAI_BASE_URL', file: (c) => c.providers?.openai?.baseUrl },
  compatKey: { env: 'CF_COMPAT_API_KEY', file: () => undefined },
  compatUrl: { env: 'CF_COMPAT_BASE_URL', file: (c) => c.providers?.compat?.baseUrl },
  ollamaHost: { env: 'OLLAMA_HOST', file: (c) => c.providers?.compat?.ollamaHost },
  simScript: { env: 'CF_SIM_SCRIPT', file: (c) => c.providers?.sim?.script },
} as const satisfies Record<SettingName, { env: string; file: (config: ConfigFile) => unknown }>;
