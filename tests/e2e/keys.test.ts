import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

const KEY = 'sk-canary-7f3c-never-stored';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const filesWith = (folder: string, text: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile() && readFileSync(file).includes(text));

test("a provider's key reaches the provider and nothing else: no history, database, blob, log, event or error holds it", { timeout: 120_000 }, async () => {
  const home = tempFolder();
  const engine = openEngine(server, { model: 'compat/x', home });
  // Every kind of failure quotes something: none may quote the key.
  const provider = await startHttpProvider({ fault: (key, nth) => (key.includes('/bad/') ? 'payment-402' : nth === 1 && key.includes('/t1/') ? 'error-500' : null) });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url, CF_COMPAT_API_KEY: KEY };
  const worker = startProcess([CF, 'worker', '--log-level', 'trace'], env);
  const view = await engine.run({ objective: 'Keep it secret', tasks: ['t1', 't2', 'bad'].map((id) => ({ id, title: `Do ${id}`, role: 'researcher' })) });
  expect(view.status).toBe('failed');
  const shown = startProcess([CF, 'show', view.swarmId, '--json', '--log-level', 'trace'], { ...env, CF_COMPAT_API_KEY: KEY });
  await shown.exited;
  worker.child.kill('SIGTERM');
  await worker.exited;
  await vi.waitUntil(() => provider.inFlight() === 0, 5_000);

  expect([...provider.calls.values()].every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
  expect([...provider.calls.values()].some(({ body }) => body.includes(KEY))).toBe(false);
  // The server's database holds every history; the objective is in it, so the search can find things.
  expect(filesWith(server.home, 'Keep it secret').length).toBeGreaterThan(0);
  expect([...filesWith(server.home, KEY), ...filesWith(home, KEY)]).toEqual([]);
  expect(`${worker.output()}${shown.output()}${JSON.stringify(view)}`).not.toContain(KEY);
  engine.close();
  await provider.close();
});
