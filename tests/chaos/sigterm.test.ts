import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('SIGTERM of a worker under load: exit 0 within 10 s, nothing repeated, the run ends on the next worker', { timeout: 120_000 }, async () => {
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  const provider = await startHttpProvider({ latencyMs: () => 400 });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url };
  const first = startProcess([CF, 'worker'], env);
  const swarmId = await engine.start({ tasks: Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' })), maxAgents: 12 });
  await vi.waitUntil(() => provider.answered() > 20 && provider.inFlight() > 5, { timeout: 60_000, interval: 5 });
  const told = Date.now();
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(Date.now() - told).toBeLessThan(10_000);
  expect(first.output()).not.toMatch(/\n\s+at /);
  const second = startProcess([CF, 'worker'], env);
  expect((await engine.end(swarmId)).status).toBe('completed');
  expect([...provider.calls.values()].filter(({ requests }) => requests > 1).map(({ key }) => key)).toEqual([]);
  second.child.kill('SIGTERM');
  expect(await second.exited).toBe(0);
  await provider.close();
  engine.close();
});
