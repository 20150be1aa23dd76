import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

const APP = 'durable-swarm';

const xdg = (value: string | undefined, ...fallback: readonly string[]): string => (value !== undefined && isAbsolute(value) ? value : join(homedir(), ...fallback));

/** The platform's folder for state of ours: where `CF_HOME` points unless told. */
export const dataFolder = (env: Environment, platform: NodeJS.Platform = process.platform): string =>
  platform === 'darwin' ? join(homedir(), 'Library', 'Application Support', APP) : join(xdg(env['XDG_DATA_HOME'], '.local', 'share'), APP);

/** The platform's folder for the user's `cf.config.*`. */
export const userConfigFolder = (env: Environment, platform: NodeJS.Platform = process.platform): string =>
  platform === 'darwin' ? join(homedir(), 'Library', 'Preferences', APP) : join(xdg(env['XDG_CONFIG_HOME'], '.config'), APP);

/** Where Temporal's own tools keep `temporal.toml`, as @temporalio/envconfig looks it up. */
export const temporalToml = (env: Environment, platform: NodeJS.Platform = process.platform): string =>
  env['TEMPORAL_CONFIG_FILE'] ||
  join(platform === 'darwin' ? join(homedir(), 'Library', 'Application Support') : xdg(env['XDG_CONFIG_HOME'], '.config'), 'temporalio', 'temporal.toml');

/** An absolute path of what a person wrote: `~` is the home folder, anything relative starts at `base`. */
export const absolutePath = (path: string, base: string): string => resolve(base, path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path);
