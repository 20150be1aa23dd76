import type { AutoscaleOptions, Say } from '../cli/deps.js';
import type { Settings } from '../config/settings.js';
import { SwarmError } from '../domain/errors.js';
import { serveApiOf, type ServedApi } from './run-api.js';
import { runningTarget } from './local.js';
import { runSupervisor } from './run-supervisor.js';
import { untilStopped } from './until-stopped.js';

/** Server, worker and API in the foreground until Ctrl-C ends them; where the background runs already, only the API. */
export const runDev = async (settings: Settings, scaling: AutoscaleOptions | null, say: Say): Promise<void> => {
  if (settings.remoteTemporal)
    throw new SwarmError({
      code: 'invalid_input',
      message: 'cf dev runs a Temporal server of its own.',
      why: `${settings.sources['remoteTemporal']} names another one.`,
      fix: 'Use cf worker and cf api with that server, or unset it.',
    });
  let served: Promise<ServedApi | null> = Promise.resolve(null);
  let scaled: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  const stopping = new AbortController();
  // Not awaited: meanwhile the supervisor must go on watching the worker. An API that can't be served ends all.
  const onReady = async (): Promise<void> => {
    const fail = (error: unknown): null => {
      failure = error;
      process.kill(process.pid, 'SIGTERM');
      return null;
    };
    served = serve(settings, say).catch(fail);
    if (scaling !== null)
      scaled = scale(settings, scaling, say, stopping.signal)
        .catch(fail)
        .then(() => undefined);
  };
  void untilStopped().then(() => stopping.abort());
  const own = await runSupervisor(settings, { say, onReady });
  if (!own) {
    say('Server and worker run in the background already (cf dev stop ends them): serving the API only.');
    const stopped = untilStopped();
    await onReady();
    await stopped;
  }
  stopping.abort();
  await scaled;
  await (await served)?.close();
  if (failure !== null) throw failure;
};

const scale = async (settings: Settings, options: AutoscaleOptions, say: Say, signal: AbortSignal): Promise<void> => {
  const { autoscale } = await import('./autoscale.js');
  const target = await runningTarget(settings);
  if (target) await autoscale(settings, options, target, say, signal);
};

const serve = async (settings: Settings, say: Say): Promise<ServedApi> => {
  const api = await serveApiOf(settings, 'started', say);
  say('Ready. Ctrl-C ends it.');
  return api;
};
