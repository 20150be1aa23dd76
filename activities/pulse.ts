import { cancelled } from '@temporalio/activity';
import { heartbeatWhile } from './heartbeat-while.js';

/** Which models the workers of a region can reach. */
export interface Greeting {
  /** Names of providers. */
  readonly providers: readonly string[];
}

/** What a region's workers run beside its calls, so that its loss is seen. */
export const createPulseActivities = ({ providers }: { readonly providers: ReadonlyMap<string, unknown> }) => ({
  /** Answers at once: somebody is there. */
  greet: async (): Promise<Greeting> => ({ providers: [...providers.keys()] }),
  /** Heartbeats as long as this process lives; ends by cancellation only. */
  attend: (): Promise<never> => heartbeatWhile(() => cancelled()),
});
export type PulseActivities = ReturnType<typeof createPulseActivities>;
