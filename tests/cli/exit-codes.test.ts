import { expect, test } from 'vitest';
import { EXIT_CODES, exitOf } from '../../cli/exit-codes.js';
import { ERROR_CODES, type ErrorCode } from '../../domain/errors.js';
import { SWARM_STATUSES } from '../../domain/swarm-state.js';

const failure = (code: ErrorCode) => ({ code, message: '', why: '', fix: '' });

test('every error code has the exit code of the contract', () => {
  expect(Object.keys(EXIT_CODES).sort()).toEqual([...ERROR_CODES].sort());
  expect(EXIT_CODES).toMatchObject({
    invalid_input: 2,
    input_required: 3,
    unauthenticated: 4,
    forbidden: 4,
    unreachable: 5,
    budget_exhausted: 6,
    deadline_exceeded: 6,
    not_found: 7,
    conflict: 9,
    idempotency_mismatch: 9,
    internal: 1,
  });
});

test('only a completed swarm exits 0, only one at work 8', () => {
  expect(Object.fromEntries(SWARM_STATUSES.map((status) => [status, exitOf({ status, failure: null })]))).toEqual({
    running: 8,
    paused: 8,
    completed: 0,
    failed: 1,
    cancelled: 1,
    compensated: 1,
    compensation_failed: 1,
    budget_exhausted: 6,
    no_quorum: 1,
  });
});

test('the cause of a failure decides where the contract names one', () => {
  expect(exitOf({ status: 'failed', failure: failure('deadline_exceeded') })).toBe(6);
  expect(exitOf({ status: 'failed', failure: failure('unauthenticated') })).toBe(4);
  expect(exitOf({ status: 'failed', failure: failure('provider_rejected') })).toBe(1);
});
