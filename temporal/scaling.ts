import { type Client, WorkflowIdConflictPolicy, WorkflowNotFoundError } from '@temporalio/client';
import { SwarmError } from '../domain/errors.js';
import { scalerId, SWARMS_QUEUE, WORKFLOWS } from '../domain/names.js';
import { policyRefusal, type ScalingPolicy } from '../domain/scaling.js';
import { scalingPolicySignal, wantedQuery, type Wanted } from '../workflows/messages.js';
import { asSwarmError } from './failures.js';

/** Starts the scaler of a queue, or gives the one that runs this policy; may be repeated. Throws `invalid_input` for what is no policy, `unreachable` without a server. */
export const ensureScaler = async (client: Client, queue: string, policy: ScalingPolicy): Promise<void> => {
  const refusal = policyRefusal(policy);
  if (refusal !== null)
    throw new SwarmError({
      code: 'invalid_input',
      message: 'The scaling policy is not valid.',
      why: refusal,
      fix: 'Give min, max, perWorker, patienceMs and quietMs within these bounds.',
    });
  try {
    // One request, so that no scaler can end between the start and the signal.
    await client.workflow.signalWithStart(WORKFLOWS.scaler, {
      workflowId: scalerId(queue),
      taskQueue: SWARMS_QUEUE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowTaskTimeout: '5 seconds',
      staticSummary: `workers for ${queue}`,
      args: [queue, policy],
      signal: scalingPolicySignal,
      signalArgs: [policy],
    });
  } catch (error) {
    throw asSwarmError(error, scalerId(queue));
  }
};

/** How many workers a queue should have, or null when no scaler of it runs; throws `unreachable` when no worker answers for it. */
export const readWanted = async (client: Client, queue: string): Promise<Wanted | null> => {
  const handle = client.workflow.getHandle(scalerId(queue));
  try {
    // One that has ended would answer from its history.
    const { status } = await handle.describe();
    return status.name === 'RUNNING' ? await handle.query(wantedQuery) : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw asSwarmError(error, scalerId(queue));
  }
};

/** Ends the scaler of a queue at its next turn; one that does not run is no error. Workers that run are not touched. */
export const stopScaler = async (client: Client, queue: string): Promise<void> => {
  try {
    await client.workflow.getHandle(scalerId(queue)).cancel();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw asSwarmError(error, scalerId(queue));
  }
};
