import * as wf from '@temporalio/workflow';
import type { PulseActivities } from '../activities/pulse.js';
import type { ProviderName } from '../domain/names.js';
import { greeting, GREETING_MS, pulse } from './options.js';

/** Called as a region comes and goes. */
export interface RegionWatch {
  /** Nobody has answered so far; `why` says what would help. */
  onAwaited(why: string): void;
  onJoined(): void;
  /** No worker of it lives. */
  onLost(why: string): Promise<void>;
}

/** How long a region whose workers can't reach the model is left alone before it is asked again. */
const UNFIT_PAUSE = '30 seconds';

/** Watches one region until it is cancelled: greets it until a worker answers, then feels its pulse until none is left, and again. */
export const attendRegion = async (region: string, provider: ProviderName, { onAwaited, onJoined, onLost }: RegionWatch): Promise<void> => {
  const { greet: greetSoon } = wf.proxyActivities<PulseActivities>(greeting(region, GREETING_MS));
  const { greet } = wf.proxyActivities<PulseActivities>(greeting(region));
  const { attend } = wf.proxyActivities<PulseActivities>(pulse(region));
  const first = (): ReturnType<typeof greet> =>
    greetSoon().catch((error: unknown) => {
      if (wf.isCancellation(error)) throw error;
      onAwaited(`No worker answers there. Start one: cf worker --region ${region}`);
      return greet();
    });
  for (let answer = await first(); ; answer = await greet()) {
    if (!answer.providers.includes(provider)) {
      onAwaited(`Its worker reaches ${answer.providers.join(', ')}, not ${provider}: start it with the key or address of that provider.`);
      await wf.sleep(UNFIT_PAUSE, { summary: `wait for another worker of ${region}` });
      continue;
    }
    onJoined();
    try {
      await attend();
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      // The pulse ends by a timeout only; anything else is a fault worth its own words.
      const { cause } = error instanceof wf.ActivityFailure ? error : { cause: error };
      await onLost(cause instanceof wf.TimeoutFailure ? 'None of its workers has been heard of for ten seconds.' : String(cause));
    }
  }
};
