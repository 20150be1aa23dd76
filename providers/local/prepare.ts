import type { LocalDeps } from './provider.js';
import { loadRuntime } from './runtime.js';
import { obtainWeights } from './weights.js';

/** Fetches what the embedded model needs, once for a `CF_HOME`, saying so; nothing when it is there. */
export const prepareLocal = async (name: string, deps: LocalDeps): Promise<void> => {
  await loadRuntime(deps.home, deps.say);
  await obtainWeights(name, deps);
};
