import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end } from '../../workers/supervisor.js';
import { processStart } from '../../config/process-identity.js';
import { connectTemporal, type TemporalConnection, type TemporalTarget } from '../../temporal/connection.js';
import { startDevServer } from '../../temporal/server/dev-server.js';
import { freePort } from '../../temporal/server/identity.js';
import { versionOf } from '../../temporal/server/attempts.js';

export interface TestServer extends TemporalConnection {
  readonly home: string;
  readonly target: TemporalTarget;
  /** `kill -9`, then the same database on the same port. */
  crash(): Promise<void>;
  /** SIGSTOP: it answers nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** A real dev server on a file database in a temporary folder; the binary comes from global-setup. */
export const startTestServer = async (): Promise<TestServer> => {
  const home = await mkdtemp(join(tmpdir(), 'cf-test-'));
  const path = process.env['CF_TEST_TEMPORAL_BIN'] ?? '';
  const binary = { path, version: (await versionOf(path)) ?? '', from: 'test' };
  const options = { binary, dbFile: join(home, 'temporal.db'), logFile: join(home, 'temporal.log'), port: await freePort(), uiPort: await freePort() };
  let child = await startDevServer(options);
  const identity = () => ({ pid: child.pid ?? 0, processStart: processStart(child.pid ?? 0) ?? '' });
  const target = { address: `127.0.0.1:${options.port}`, namespace: 'default', uiUrl: `http://127.0.0.1:${options.uiPort}` };
  const connection = await connectTemporal(target);
  return {
    ...connection,
    home,
    target,
    crash: async () => {
      child.kill('SIGKILL');
      child = await startDevServer(options);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      await connection.close();
      await end(identity(), 5_000);
      await rm(home, { recursive: true, force: true });
    },
  };
};
