import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openEngine, type Engine } from '../helpers/engine.js';
import { startHttpProvider, type HttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

/** Sequence numbers of the whole lines that a watcher has printed. */
const seqs = (text: string): number[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { seq: number }).seq);

/** Enough for the long swarm to outlive all kills. */
const TASKS = 300;
const random = seeded('server kill');
let server: TestServer;
let engine: Engine;
let provider: HttpProvider;
beforeAll(async () => {
  server = await startTestServer();
  provider = await startHttpProvider({ latencyMs: (key, nth) => 100 + Math.floor(100 * random.of(`${key.slice(key.indexOf('/'))}#${nth}`)) });
});
afterAll(async () => {
  await provider.close();
  await server.stop();
});

test('the server is killed five times, and each time a terminal and the watcher: every swarm ends by itself, nothing answered is asked again, no event is missed or doubled', {
  timeout: 240_000,
}, async () => {
  const home = tempFolder();
  engine = openEngine(server, { home, model: 'compat/x' });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url, CF_MODEL: 'compat/x' };
  const worker = startProcess([CF, 'worker'], env);
  await vi.waitUntil(() => worker.output().includes('Worker polls'), 20_000);

  const tasks = Array.from({ length: TASKS }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' }));
  const long = await engine.start({ objective: 'Long', maxAgents: 3, tasks });
  const ids = [long];
  const seen: number[] = [];
  const attach = (): Process => startProcess([CF, 'watch', long, '--jsonl', '--since', String(seen.at(-1) ?? 0)], env);
  let watcher = attach();
  for (let kill = 0; kill < 5; kill += 1) {
    // A terminal that dies with the server, as soon as it has printed the id of its swarm.
    const terminal = startProcess([CF, 'run', `Terminal ${kill}`, '--jsonl'], env);
    await vi.waitUntil(() => terminal.output().includes('"swarm.started"'), 60_000);
    const goal = provider.answered() + 1 + random.below(12);
    await vi.waitUntil(() => provider.answered() >= goal, { timeout: 60_000, interval: 5 });
    await Promise.all([server.crash(), terminal.kill(), watcher.kill()]);
    ids.push(/swarm-[0-9A-Z]{26}/.exec(terminal.output())?.[0] ?? '');
    seen.push(...seqs(watcher.output()));
    watcher = attach();
  }
  expect((await engine.swarms.show(long)).status).toBe('running');
  for (const id of ids) expect((await engine.end(id)).status).toBe('completed');
  expect(await watcher.exited).toBe(0);
  seen.push(...seqs(watcher.output()));
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
  expect(seen.length).toBeGreaterThan(4 * TASKS);
  expect([...provider.calls.values()].filter(({ answered }) => answered > 1).map(({ key }) => key)).toEqual([]);
  worker.child.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
  engine.close();
});
