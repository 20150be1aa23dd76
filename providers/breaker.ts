import { closedBreaker, growingPause, isAllowed, onFailure, onRelease, onRequest, onSuccess, type Breaker } from '../domain/breaker.js';
import { SwarmError } from '../domain/errors.js';
import type { ModelProvider, ModelReply, ModelRequest } from './port.js';

/**
 * A provider that is spared while it is down: after five failures in a row one probe at a time goes through, with growing pauses between them (promises.md R10).
 * What comes while a probe is under way waits for what it finds. One breaker per process.
 */
export const withBreaker = (provider: ModelProvider, now: () => number = Date.now): ModelProvider => {
  let breaker: Breaker = closedBreaker;
  let probe: Promise<unknown> = Promise.resolve();

  const send = async (request: ModelRequest): Promise<ModelReply> => {
    const isProbe = breaker.openedAt !== null;
    breaker = onRequest(breaker);
    try {
      const reply = await provider.generate(request);
      breaker = onSuccess();
      return reply;
    } catch (error) {
      if (!isOutage(error)) breaker = request.signal.aborted ? (isProbe ? onRelease(breaker) : breaker) : onSuccess();
      // What was sent before the breaker opened says nothing new when it fails after.
      else if (isProbe || breaker.openedAt === null) breaker = onFailure(breaker, now());
      throw error;
    }
  };

  return {
    name: provider.name,
    generate: async (request) => {
      while (breaker.isProbing) await unlessAborted(probe, request.signal);
      if (breaker.openedAt === null) return send(request);
      if (!isAllowed(breaker, now(), growingPause(breaker))) throw refusal(provider.name, breaker);
      const sent = send(request);
      probe = sent.catch(() => undefined);
      return sent;
    },
  };
};

const unlessAborted = async (waited: Promise<unknown>, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal });
  });
  try {
    await Promise.race([waited, aborted]);
  } finally {
    done.abort();
  }
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
