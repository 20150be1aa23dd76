import type { ErrorCode } from '../domain/errors.js';
import type { SwarmView } from '../temporal/views.js';

/** Exit codes by meaning (contract.md); stable, scripts rely on them. */
export const EXIT = {
  ok: 0,
  unsuccessful: 1,
  usage: 2,
  inputRequired: 3,
  credential: 4,
  unreachable: 5,
  limit: 6,
  notFound: 7,
  stillRunning: 8,
  conflict: 9,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each error code exits with. */
export const EXIT_CODES = {
  invalid_input: EXIT.usage,
  input_required: EXIT.inputRequired,
  unauthenticated: EXIT.credential,
  forbidden: EXIT.credential,
  not_found: EXIT.notFound,
  conflict: EXIT.conflict,
  idempotency_mismatch: EXIT.conflict,
  limit_exceeded: EXIT.usage,
  budget_exhausted: EXIT.limit,
  deadline_exceeded: EXIT.limit,
  no_quorum: EXIT.unsuccessful,
  provider_rejected: EXIT.unsuccessful,
  provider_unavailable: EXIT.unsuccessful,
  rate_limited: EXIT.unsuccessful,
  tool_failed: EXIT.unsuccessful,
  unreachable: EXIT.unreachable,
  internal: EXIT.unsuccessful,
} as const satisfies Record<ErrorCode, ExitCode>;

/** What a swarm's end, or a swarm still at work, exits with; pure. */
export const exitOf = ({ status, failure }: Pick<SwarmView, 'status' | 'failure'>): ExitCode => {
  if (status === 'completed') return EXIT.ok;
  if (status === 'running' || status === 'paused') return EXIT.stillRunning;
  if (status === 'budget_exhausted' || failure?.code === 'deadline_exceeded' || failure?.code === 'budget_exhausted') return EXIT.limit;
  return failure?.code === 'unauthenticated' ? EXIT.credential : EXIT.unsuccessful;
};
