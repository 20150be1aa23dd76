import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SwarmError } from '../domain/errors.js';
import { loadDataConverter } from './codec.js';

/** A server to talk to: a local one by address, or what `TEMPORAL_*` and `temporal.toml` name (null). */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
}

export interface TemporalConnection {
  readonly client: Client;
  readonly connection: Connection;
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
  close(): Promise<void>;
}

/** Connection options of a target; shared by clients and workers. */
export const connectionOptionsOf = (target: TemporalTarget | null) => {
  if (target) return { options: { address: target.address }, namespace: target.namespace };
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return { options: { ...connectionOptions, address: connectionOptions.address ?? 'localhost:7233' }, namespace: namespace ?? 'default' };
};

/** Connects within 5 s or throws `unreachable` with the address and the fix. */
export const connectTemporal = async (target: TemporalTarget | null): Promise<TemporalConnection> => {
  const { options, namespace } = connectionOptionsOf(target);
  const connection = await Connection.connect({ ...options, connectTimeout: '5 seconds' }).catch((error: unknown) => {
    throw unreachable(options.address, error);
  });
  const client = new Client({ connection, namespace, dataConverter: await loadDataConverter(process.env) });
  return { client, connection, address: options.address, namespace, uiUrl: target?.uiUrl ?? process.env['TEMPORAL_UI_URL'] ?? null, close: () => connection.close() };
};

export const unreachable = (address: string, cause: unknown): SwarmError =>
  new SwarmError({
    code: 'unreachable',
    message: `Temporal does not answer at ${address}.`,
    why: cause instanceof Error ? cause.message : String(cause),
    fix: 'Check TEMPORAL_ADDRESS, or start a local server with: cf dev',
    cause,
  });
