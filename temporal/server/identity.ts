import { createServer } from 'node:net';
import { Connection } from '@temporalio/client';

/** The cluster id of the server at a local port, or null when no Temporal server answers there; stable over restarts of one database. */
export const clusterIdAt = async (port: number): Promise<string | null> => {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '2 seconds' }).catch(() => null);
  if (!connection) return null;
  try {
    return (await connection.workflowService.getClusterInfo({})).clusterId ?? null;
  } catch {
    return null;
  } finally {
    await connection.close();
  }
};

/** `wanted` when it is free, else any free port of this machine. */
export const freePort = async (wanted = 0): Promise<number> => {
  const port = await listenOnce(wanted);
  return port ?? (await listenOnce(0)) ?? 0;
};

const listenOnce = (port: number): Promise<number | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
