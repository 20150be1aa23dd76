import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { GlobalFlags } from '../cli/deps.js';
import { SwarmError } from '../domain/errors.js';
import type { Settings } from '../config/settings.js';

type SettingsFlags = GlobalFlags & { readonly model?: string; readonly port?: string; readonly host?: string };

/** The settings of this process; what `.env` says of Temporal is handed to Temporal's own library, which reads only the environment. */
export const readSettings = async ({ directory, model, logLevel, port, host }: SettingsFlags): Promise<Settings> => {
  const cwd = resolve(directory ?? '.');
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new SwarmError({ code: 'invalid_input', message: `${cwd} is no directory.`, why: 'It was given with -C.', fix: 'Give the directory of a project.' });
  const { loadSettings } = await import('../config/load.js');
  const { readDotEnv } = await import('../config/environment.js');
  const settings = await loadSettings({ cwd, flags: { model, logLevel, apiPort: port, apiHost: host }, env: process.env, temporalAddress });
  for (const [name, value] of Object.entries(readDotEnv(cwd))) if (name.startsWith('TEMPORAL_')) process.env[name] ||= value;
  return settings;
};

const temporalAddress = async (env: Readonly<Record<string, string>>): Promise<string | undefined> => {
  const { loadClientConfigProfile } = await import('@temporalio/envconfig');
  return loadClientConfigProfile({ overrideEnvVars: { ...env } }).address;
};
