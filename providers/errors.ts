import { APICallError } from 'ai';
import { SwarmError, type ErrorCode } from '../domain/errors.js';

/** Words providers use when the account, not the rate, is at its limit; waiting does not help (promises.md R8). */
const SPEND_CAP = /insufficient_quota|credit balance|billing|spend(ing)? (cap|limit)|quota exceeded for the month/i;

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'provider_rejected',
  401: 'unauthenticated',
  402: 'provider_rejected',
  403: 'unauthenticated',
  404: 'provider_rejected',
  413: 'provider_rejected',
  422: 'provider_rejected',
};

const FIX: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthenticated: 'Check the key of this provider in the environment of the worker.',
  provider_rejected: 'Check the model name, the account and its limits at the provider.',
  rate_limited: 'Nothing to do: the call is tried again when the provider allows it.',
  provider_unavailable: 'Nothing to do: the call is tried again; check the base URL when it lasts.',
};

const make = (code: ErrorCode, message: string, why: string, retryAfterMs?: number): SwarmError =>
  new SwarmError({ code, message, why, fix: FIX[code] ?? '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

/** Any error of a provider call as one `SwarmError` whose code says whether it is tried again; never carries a header, a key, or what was sent. */
export const providerError = (error: unknown, provider: string): SwarmError => {
  if (error instanceof SwarmError) return error;
  const call = findCallError(error);
  if (!call?.statusCode) return make('provider_unavailable', `${provider} did not give a whole answer.`, networkReason(error));
  const { statusCode: status, responseBody = '', responseHeaders = {} } = call;
  const name = `${provider} answered with HTTP ${status}.`;
  if (SPEND_CAP.test(responseBody)) return make('provider_rejected', name, 'The account has reached its spending limit.');
  if (status === 429) return make('rate_limited', name, 'Too many requests for this account.', retryAfterMs(responseHeaders));
  const code = BY_STATUS[status] ?? (status >= 400 && status < 500 && status !== 408 ? 'provider_rejected' : 'provider_unavailable');
  return make(code, name, reasonOf(responseBody), code === 'provider_unavailable' ? retryAfterMs(responseHeaders) : undefined);
};

const findCallError = (error: unknown): APICallError | null => {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = (at as { cause?: unknown; lastError?: unknown }).lastError ?? at.cause, depth += 1)
    if (APICallError.isInstance(at)) return at;
  return null;
};

/** The provider's own error type, a short word; its message may quote the request, so it stays out. */
const reasonOf = (body: string): string => {
  const type = /"(?:type|code)"\s*:\s*"([a-z_]{1,60})"/i.exec(body)?.[1];
  return type && type !== 'error' ? `It says: ${type}.` : '';
};

/** `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3); undefined when there is none. */
export const retryAfterMs = (headers: Readonly<Record<string, string | undefined>>, now = Date.now()): number | undefined => {
  const ms = Number(headers['retry-after-ms']);
  if (headers['retry-after-ms'] && ms >= 0) return ms;
  const value = headers['retry-after'];
  if (!value) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, Math.ceil(wait));
};

const networkReason = (error: unknown): string => {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code)) return `The connection failed: ${code}.`;
  }
  return error instanceof Error && error.name === 'TimeoutError' ? 'No answer in time.' : 'The answer was cut, empty or not readable.';
};
