import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type Engine } from '../helpers/engine.js';
import { startHttpProvider, type HttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/** promises.md R10: a provider that is down is probed, not stormed, and what waited for it goes on. */
const OUTAGE_MS = 12_000;
const AGENTS = 12;

let server: TestServer;
let engine: Engine;
let provider: HttpProvider;
let worker: Process;
let downSince = 0;
const isDown = (at: number): boolean => at - downSince < OUTAGE_MS;
beforeAll(async () => {
  server = await startTestServer();
  const home = tempFolder();
  engine = openEngine(server, { model: 'compat/x', home });
  provider = await startHttpProvider({
    fault: () => {
      if (downSince === 0) downSince = Date.now();
      return isDown(Date.now()) ? 'error-500' : null;
    },
  });
  worker = startProcess([CF, 'worker'], { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url });
});
afterAll(async () => {
  await worker.stop();
  await provider.close();
  engine.close();
  await server.stop();
});

test('a provider that is down is asked by one call at a time, and each call is answered once when it is back', { timeout: 120_000 }, async () => {
  const swarmId = await engine.start({
    review: false,
    maxAgents: AGENTS,
    tasks: Array.from({ length: AGENTS }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' })),
  });
  expect((await engine.end(swarmId)).status).toBe('completed');
  const requests = [...provider.calls.values()].flatMap(({ at }) => at).sort((a, b) => a - b);
  const inVain = requests.filter(isDown);
  console.log(`outage of ${OUTAGE_MS / 1_000} s: ${inVain.length} requests by ${AGENTS} agents, then ${requests.length - inVain.length}`);
  // At most all that were sent before the first failures were read, then one a pause: 1, 2, 4 and 8 s.
  expect(inVain.length).toBeGreaterThan(5);
  expect(inVain.length).toBeLessThanOrEqual(AGENTS + 4);
  const probes = inVain.slice(AGENTS);
  for (const [i, at] of probes.entries()) if (i > 0) expect(at - (probes[i - 1] ?? 0)).toBeGreaterThanOrEqual(950);
  for (const { answered } of provider.calls.values()) expect(answered).toBe(1);
});
