import { closedBreaker, growingPause, isAllowed, onFailure, onRequest, onRelease, onSuccess, type Breaker } from '../domain/breaker.js';
import { SwarmError } from '../domain/errors.js';
import type { ModelProvider } from './port.js';

/** A provider that is spared while it is down: after five failures in a row one probe at a time goes through, with growing pauses between them (promises.md R10). One breaker per process. */
export const withBreaker = (provider: ModelProvider, now: () => number = Date.now): ModelProvider => {
  let breaker: Breaker = closedBreaker;
  return {
    name: provider.name,
    generate: async (request) => {
      if (!isAllowed(breaker, now(), growingPause(breaker))) throw refusal(provider.name, breaker);
      const isProbe = breaker.openedAt !== null;
      breaker = onRequest(breaker);
      try {
        const reply = await provider.generate(request);
        breaker = onSuccess();
        return reply;
      } catch (error) {
        // What was sent before the breaker opened says nothing new when it fails after.
        const isOwn = isProbe || breaker.openedAt === null;
        if (!isOutage(error)) breaker = request.signal.aborted ? (isProbe ? onRelease(breaker) : breaker) : onSuccess();
        else if (isOwn) breaker = onFailure(breaker, now());
        throw error;
      }
    },
  };
};

/** Any other error is an answer: the provider lives. */
const isOutage = (error: unknown): boolean => error instanceof SwarmError && error.code === 'provider_unavailable';

/** No wait of its own: the call is tried again as if it had been sent, so that an outage is outlived as long as before. */
const refusal = (provider: string, { failures }: Breaker): SwarmError =>
  new SwarmError({
    code: 'provider_unavailable',
    message: `${provider} is not asked just now.`,
    why: `${failures} requests in a row failed; one at a time is sent until one succeeds.`,
    fix: 'Nothing to do: the call is tried again; check the base URL when it lasts.',
  });
