import { existsSync } from 'node:fs';
import { SwarmError } from '../domain/errors.js';
import { type FoundConfig, readConfigFile } from './config-file.js';
import { readDotEnv } from './environment.js';
import { absolutePath, dataFolder, type Environment, temporalToml, userConfigFolder } from './folders.js';
import { PLACES, type SettingName, VALUES } from './schema.js';
import type { Settings } from './settings.js';

/** Settings a command line may give; they win over everything else. */
export type SettingFlags = Partial<Readonly<Record<'model' | 'logLevel' | 'apiPort' | 'apiHost', string | undefined>>>;

export interface LoadRequest {
  /** Where `.env` and `cf.config.*` are looked up. */
  readonly cwd: string;
  readonly flags: SettingFlags;
  readonly env: Environment;
  /** The address that Temporal's profile names, asked only when a profile or `temporal.toml` exists; undefined = none. */
  readonly temporalAddress?: (env: Readonly<Record<string, string>>) => string | undefined | Promise<string | undefined>;
}

interface Found {
  readonly value: unknown;
  readonly from: string;
  /** What a relative path in it is relative to. */
  readonly base: string;
}

const FLAGS: Partial<Record<SettingName, string>> = { model: '--model', logLevel: '--log-level', apiPort: '--port', apiHost: '--host' };

/** Flag → environment → `.env` → project config → user config → default, each value checked; `invalid_input` names where a bad one came from. */
export const loadSettings = async ({ cwd, flags, env, temporalAddress }: LoadRequest): Promise<Settings> => {
  const dotEnv = readDotEnv(cwd);
  const project = await readConfigFile(cwd);
  const user = await readConfigFile(userConfigFolder(env));
  const sources: Record<string, string> = {};

  const find = (name: SettingName): Found | null => {
    const { env: variable, file } = PLACES[name];
    const flag = (flags as Partial<Record<SettingName, string>>)[name];
    if (flag !== undefined) return { value: flag, from: FLAGS[name] ?? name, base: cwd };
    if (env[variable]) return { value: env[variable], from: `environment ${variable}`, base: cwd };
    if (dotEnv[variable]) return { value: dotEnv[variable], from: `.env ${variable}`, base: cwd };
    const holder = [project, user].find((found): found is FoundConfig => found !== null && file(found.config) !== undefined);
    return holder ? { value: file(holder.config), from: holder.path, base: holder.folder } : null;
  };
  const get = <N extends SettingName>(name: N): { value: ReturnType<(typeof VALUES)[N]['parse']>; found: Found } | null => {
    const found = find(name);
    sources[name] = found?.from ?? 'default';
    return found && { value: check(name, found) as ReturnType<(typeof VALUES)[N]['parse']>, found };
  };
  const text = (name: Exclude<SettingName, 'apiPort'>): string | null => get(name)?.value ?? null;
  const path = (name: 'home' | 'simScript' | 'temporalBin'): string | null => {
    const got = get(name);
    return got && absolutePath(got.value, got.found.base);
  };

  const model = get('model');
  const remoteTemporal = await namesTemporal({ ...dotEnv, ...env }, temporalAddress, sources);
  return {
    home: path('home') ?? dataFolder(env),
    model: model && { ref: model.value, from: model.found.from },
    providers: {
      anthropic: { apiKey: text('anthropicKey'), baseUrl: text('anthropicUrl') },
      openai: { apiKey: text('openaiKey'), baseUrl: text('openaiUrl') },
      compat: { apiKey: text('compatKey'), baseUrl: text('compatUrl'), ollamaHost: text('ollamaHost') },
      simScript: path('simScript'),
    },
    api: { port: get('apiPort')?.value ?? 3000, host: text('apiHost') ?? '127.0.0.1' },
    logLevel: get('logLevel')?.value ?? 'info',
    remoteTemporal,
    temporalBin: path('temporalBin'),
    seed: text('seed'),
    sources,
    cwd,
  };
};

const check = (name: SettingName, { value, from }: Found): unknown => {
  const checked = VALUES[name].safeParse(value);
  if (checked.success) return checked.data;
  throw new SwarmError({
    code: 'invalid_input',
    message: `The value of ${name} from ${from} is not usable.`,
    why: checked.error.issues[0]?.message ?? '',
    fix: `Change or unset ${PLACES[name].env} where it was given: ${from}.`,
  });
};

const namesTemporal = async (env: Environment, addressOf: LoadRequest['temporalAddress'], sources: Record<string, string>): Promise<boolean> => {
  const given = Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  const file = temporalToml(given);
  const answer = given['TEMPORAL_ADDRESS']
    ? 'TEMPORAL_ADDRESS'
    : (given['TEMPORAL_PROFILE'] || existsSync(file)) && (await addressOf?.(given)) !== undefined
      ? `${file} (profile ${given['TEMPORAL_PROFILE'] ?? 'default'})`
      : null;
  sources['remoteTemporal'] = answer ?? 'default';
  return answer !== null;
};
