import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';
import { reportOf, SwarmError, type ErrorCode } from '../domain/errors.js';

/** HTTP status of each code; 5xx only where something of ours or behind us is out of order. */
export const HTTP_STATUS = {
  invalid_input: 400,
  input_required: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  idempotency_mismatch: 422,
  limit_exceeded: 413,
  budget_exhausted: 402,
  deadline_exceeded: 408,
  no_quorum: 409,
  provider_rejected: 502,
  provider_unavailable: 503,
  rate_limited: 429,
  tool_failed: 502,
  unreachable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, ContentfulStatusCode>;

interface Extra {
  readonly status?: ContentfulStatusCode;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** RFC 9457: one `application/problem+json` document with our code, the cause and the fix. */
export const problem = (c: Context, error: unknown, { status, errors }: Extra = {}): Response => {
  const { code, message, why, fix } = reportOf(error);
  if (error instanceof SwarmError && error.retryAfterMs !== undefined) c.header('Retry-After', String(Math.ceil(error.retryAfterMs / 1_000)));
  return c.body(
    JSON.stringify({ type: `urn:durable-swarm:error:${code}`, title: message, status: status ?? HTTP_STATUS[code], detail: why, code, why, fix, ...(errors ? { errors } : {}) }),
    status ?? HTTP_STATUS[code],
    {
      'Content-Type': 'application/problem+json',
    },
  );
};

/** A body, query or path that does not fit its schema. */
export const invalid = (c: Context, error: ZodError): Response =>
  problem(
    c,
    new SwarmError({
      code: 'invalid_input',
      message: 'The request is not valid.',
      why: error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '),
      fix: 'See /openapi.json for what this route takes.',
    }),
    {
      errors: error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    },
  );
