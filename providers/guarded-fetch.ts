import { SwarmError } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';

/** A `fetch` that sends exactly our headers and refuses an answer above the limit while it is read, so that memory stays bounded. */
export const guardedFetch =
  (headers: Readonly<Record<string, string>>): typeof fetch =>
  async (input, init) => {
    const merged = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) merged.set(name, value);
    const response = await fetch(input, { ...init, headers: merged, redirect: 'error' });
    if (!response.body) return response;
    let bytes = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          bytes += chunk.length;
          if (bytes > LIMITS.answerBytes) controller.error(tooLarge());
          else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(counted, { status: response.status, statusText: response.statusText, headers: response.headers });
  };

const tooLarge = (): SwarmError =>
  new SwarmError({
    code: 'provider_rejected',
    message: 'The model answered with more than we accept.',
    why: `An answer may have at most ${LIMITS.answerBytes} bytes.`,
    fix: 'Ask for less, or use another model.',
  });
