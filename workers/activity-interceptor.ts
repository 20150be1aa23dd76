import { ApplicationFailure, CompleteAsyncError, type Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { reportOf, RETRYABLE, SwarmError, type ErrorReport } from '../domain/errors.js';

/** Provider failures in a row that end a call: 1 s doubling to 30 s makes them span three minutes (F5, raised). */
const PROVIDER_ATTEMPTS = 10;
/** An error we did not foresee is tried again this often: a bug must not loop for ever. */
const UNFORESEEN_ATTEMPTS = 5;

/** Turns what an activity throws into a failure whose retry intent is that of its code; cancellation passes through. */
export const createFailureInterceptor = (context: Context): ActivityInboundCallsInterceptor => ({
  execute: async (input, next) => {
    try {
      return await next(input);
    } catch (error) {
      // Its workflow has ended, or another attempt runs: nobody waits for an answer, and sending one only logs a warning.
      if (error instanceof CancelledFailure && context.cancellationDetails?.notFound === true) throw new CompleteAsyncError();
      if (error instanceof CancelledFailure || error instanceof CompleteAsyncError || error instanceof ApplicationFailure) throw error;
      throw failureOf(error, context.info.attempt);
    }
  },
});

/** The failure for an error at an attempt; the cause stays behind, since it may quote a request. */
export const failureOf = (error: unknown, attempt: number): ApplicationFailure => {
  const report: ErrorReport = reportOf(error);
  const nonRetryable =
    !RETRYABLE[report.code] || (report.code === 'provider_unavailable' && attempt >= PROVIDER_ATTEMPTS) || (report.code === 'internal' && attempt >= UNFORESEEN_ATTEMPTS);
  const wait = error instanceof SwarmError ? error.retryAfterMs : undefined;
  return ApplicationFailure.create({ type: report.code, message: report.message, details: [report], nonRetryable, ...(wait === undefined ? {} : { nextRetryDelay: wait }) });
};
