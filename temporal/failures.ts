import { ApplicationFailure } from '@temporalio/common';
import { QueryNotRegisteredError, QueryRejectedError, ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError, isGrpcServiceError } from '@temporalio/client';
import { isErrorCode, SwarmError } from '../domain/errors.js';

/** gRPC status codes that we tell apart (grpc.io, statuscodes). */
const GRPC = { DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, FAILED_PRECONDITION: 9, UNAVAILABLE: 14, PERMISSION_DENIED: 7, UNAUTHENTICATED: 16 } as const;

/** Whatever the Temporal client threw, as one `SwarmError`; `swarmId` is the id that was asked for. */
export const asSwarmError = (error: unknown, swarmId: string): SwarmError => {
  if (error instanceof SwarmError) return error;
  if (error instanceof WorkflowNotFoundError) return notFound(swarmId);
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && isErrorCode(error.cause.type))
    return new SwarmError({ code: error.cause.type, message: error.cause.message, why: 'The swarm refused the message.', fix: `See its state with: cf show ${swarmId}` });
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return notFound(swarmId);
  const grpc = isGrpcServiceError(error) ? error : error instanceof ServiceError && isGrpcServiceError(error.cause) ? error.cause : null;
  switch (grpc?.code) {
    case GRPC.NOT_FOUND:
      return notFound(swarmId);
    case GRPC.DEADLINE_EXCEEDED:
    case GRPC.FAILED_PRECONDITION:
      return new SwarmError({
        code: 'unreachable',
        message: 'No worker answered for this swarm.',
        why: 'Temporal is up, but no worker polls the queue cf.swarms.',
        fix: 'Start one with: cf worker (or cf dev)',
        cause: error,
      });
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return new SwarmError({
        code: 'unauthenticated',
        message: 'Temporal refused the credentials.',
        why: grpc.details,
        fix: 'Check TEMPORAL_API_KEY or the TLS settings.',
        cause: error,
      });
    default:
  }
  if (grpc || error instanceof ServiceError)
    return new SwarmError({
      code: 'unreachable',
      message: 'Temporal did not answer.',
      why: grpc?.details ?? (error as Error).message,
      fix: 'Check TEMPORAL_ADDRESS, or start a local server with: cf dev',
      cause: error,
    });
  return new SwarmError({
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
    why: 'An unexpected error reached the façade.',
    fix: 'Run again with --log-level debug.',
    cause: error,
  });
};

export const notFound = (swarmId: string): SwarmError =>
  new SwarmError({
    code: 'not_found',
    message: `There is no swarm ${swarmId}.`,
    why: 'No history and no record of it was found here.',
    fix: 'See the swarms there are with: cf ps',
  });
