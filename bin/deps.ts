import type { CliDeps, CliIo } from '../cli/deps.js';
import { packageVersion } from '../config/package-root.js';
import { readSettings } from './settings.js';

/** Wires the commands to the product; each part is loaded when a command asks for it, so that `cf --help` stays quick. */
export const createDeps = (io: CliIo): CliDeps => ({
  version: packageVersion,
  io,
  settings: readSettings,
  swarms: async ({ flags, need, say }) => (await import('./open-swarms.js')).openSwarms({ settings: await readSettings(flags), need, say }),
  catalogue: async (flags) => {
    const { readCatalogue } = await import('./catalogue.js');
    return [...(await readCatalogue(await readSettings(flags))).agents.values()];
  },
  doctor: async (flags) => (await import('./doctor.js')).doctor(await readSettings(flags)),
  branches: async (flags) => (await import('../storage/workspaces.js')).createWorkspaces((await readSettings(flags)).home),
  processes: {
    dev: async (flags, autoscale, say) => (await import('./run-dev.js')).runDev(await readSettings(flags), autoscale, say),
    devStop: async (flags) => {
      const { stopBackground } = await import('../workers/background.js');
      return stopBackground((await readSettings(flags)).home);
    },
    devStatus: async (flags) => (await import('./dev-status.js')).devStatus((await readSettings(flags)).home),
    worker: async (flags, say) => (await import('./run-worker.js')).runWorker(await readSettings(flags), flags.region ?? null, say),
    api: async (flags, say) => (await import('./run-api.js')).runApi(await readSettings(flags), say),
    mcp: async (flags) => (await import('./run-mcp.js')).runMcp(await readSettings(flags)),
  },
});
