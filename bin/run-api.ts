import { createApi, serveApi, type ServedApi } from '../api/server.js';
import type { Need, Say } from '../cli/deps.js';
import { packageVersion } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { openSwarms } from './open-swarms.js';
import { untilStopped } from './until-stopped.js';

export type { ServedApi } from '../api/server.js';

/** The API of these settings, served; closing it closes its connection too. */
export const serveApiOf = async (settings: Settings, need: Need, say: Say): Promise<ServedApi> => {
  const { swarms, close } = await openSwarms({ settings, need, say });
  try {
    const served = await serveApi({ app: createApi({ swarms, version: packageVersion }), ...settings.api });
    say(`API: ${served.url} (OpenAPI at ${served.url}/openapi.json)`);
    return {
      url: served.url,
      close: async () => {
        await served.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** The API in this process, until SIGTERM or Ctrl-C has drained it. */
export const runApi = async (settings: Settings, say: Say): Promise<void> => {
  const stopped = untilStopped();
  const served = await serveApiOf(settings, 'reachable', say);
  await stopped;
  await served.close();
};
