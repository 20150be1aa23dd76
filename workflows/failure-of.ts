import * as wf from '@temporalio/workflow';
import { isErrorCode, type ErrorReport } from '../domain/errors.js';

/** The report an activity failed with: its interceptor puts it into the failure's details. `what` names it where it ran out of time. */
export const failureOf = (error: unknown, what: string): ErrorReport => {
  const cause = error instanceof wf.ActivityFailure ? error.cause : error;
  if (cause instanceof wf.ApplicationFailure) {
    const [details] = (cause.details ?? []) as ErrorReport[];
    if (details && isErrorCode(details.code)) return details;
    return { code: isErrorCode(cause.type) ? cause.type : 'internal', message: cause.message, why: '', fix: '' };
  }
  if (cause instanceof wf.TimeoutFailure)
    return { code: 'deadline_exceeded', message: `${what} did not end in its time.`, why: cause.message, fix: 'Give the task a longer timeout.' };
  return { code: 'internal', message: cause instanceof Error ? cause.message : String(cause), why: '', fix: '' };
};
