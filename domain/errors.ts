/** Every way a request or a run can fail; an edge's table must answer each one or it does not compile. */
export const ERROR_CODES = [
  'invalid_input',
  'input_required',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'idempotency_mismatch',
  'limit_exceeded',
  'budget_exhausted',
  'deadline_exceeded',
  'no_quorum',
  'provider_rejected',
  'provider_unavailable',
  'rate_limited',
  'tool_failed',
  'unreachable',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes that Temporal retries; every other code ends the attempt for good. */
export const RETRYABLE = {
  invalid_input: false,
  input_required: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  idempotency_mismatch: false,
  limit_exceeded: false,
  budget_exhausted: false,
  deadline_exceeded: false,
  no_quorum: false,
  provider_rejected: false,
  provider_unavailable: true,
  rate_limited: true,
  tool_failed: false,
  unreachable: true,
  internal: true,
} as const satisfies Record<ErrorCode, boolean>;

/** What a person or a script is told: what happened, why, and how to mend it. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly why: string;
  readonly fix: string;
}

export interface SwarmErrorInit {
  readonly code: ErrorCode;
  /** What happened, one sentence. */
  readonly message: string;
  readonly why?: string;
  readonly fix?: string;
  /** Milliseconds the other side asked us to wait (`Retry-After`). */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one error of the product; carries its retry intent in the code. */
export class SwarmError extends Error implements ErrorReport {
  readonly code: ErrorCode;
  readonly why: string;
  readonly fix: string;
  readonly retryAfterMs: number | undefined;

  constructor({ code, message, why = '', fix = '', retryAfterMs, cause }: SwarmErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SwarmError';
    this.code = code;
    this.why = why;
    this.fix = fix;
    this.retryAfterMs = retryAfterMs;
  }
}

/** True for a code of ours; used where a string crossed a process boundary. */
export const isErrorCode = (value: unknown): value is ErrorCode => ERROR_CODES.includes(value as ErrorCode);

/** The four printable parts of any thrown value; unknown throws become `internal` without a stack. */
export const reportOf = (error: unknown): ErrorReport => {
  if (error instanceof SwarmError) return { code: error.code, message: error.message, why: error.why, fix: error.fix };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal',
    message,
    why: 'An unexpected error reached the edge.',
    fix: 'Run again with --log-level debug and report what it prints.',
  };
};
