import { NativeConnection } from '@temporalio/worker';
import { connectionOptionsOf, unreachable, type TemporalTarget } from '../temporal/connection.js';

/** The worker's connection to the same target a client would use. */
export const connectWorker = async (target: TemporalTarget | null): Promise<{ connection: NativeConnection; namespace: string }> => {
  const { options, namespace } = connectionOptionsOf(target);
  const connection = await NativeConnection.connect(options).catch((error: unknown) => {
    throw unreachable(options.address, error);
  });
  return { connection, namespace };
};
