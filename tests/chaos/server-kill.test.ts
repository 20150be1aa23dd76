import { expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer } from '../helpers/temporal.js';

const seqs = (text: string): number[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { seq: number }).seq);

test('the server is killed five times and the terminal five times: every swarm ends by itself, nothing answered is asked again, a watcher misses and doubles nothing', {
  timeout: 240_000,
}, async () => {
  const server = await startTestServer();
  const home = tempFolder();
  const engine = openEngine(server, { home, model: 'compat/x' });
  const provider = await startHttpProvider({ latencyMs: () => 150 });
  const env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url, CF_MODEL: 'compat/x' };
  const worker = startProcess([CF, 'worker'], env);
  await vi.waitUntil(() => worker.output().includes('Worker polls'), 20_000);

  // Five terminals that die as soon as they have printed the id.
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const terminal = startProcess([CF, 'run', `Terminal ${i}`, '--jsonl'], env);
    await vi.waitUntil(() => terminal.output().includes('"swarm.started"'), 30_000);
    await terminal.kill();
    ids.push(/swarm-[0-9A-Z]{26}/.exec(terminal.output())?.[0] ?? '');
  }
  const long = await engine.start({ objective: 'Long', maxAgents: 4, tasks: Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' })) });
  ids.push(long);
  const first = startProcess([CF, 'watch', long, '--jsonl'], env);
  for (let kill = 1; kill <= 5; kill += 1) {
    await vi.waitUntil(() => provider.answered() >= kill * 22, { timeout: 60_000, interval: 5 });
    await server.crash();
    if (kill === 3) await first.kill();
  }
  // Re-attached from the last number the dead watcher has printed.
  const seen = seqs(first.output().slice(0, first.output().lastIndexOf('\n')));
  const second = startProcess([CF, 'watch', long, '--jsonl', '--since', String(seen.at(-1) ?? 0)], env);
  for (const id of ids) expect((await engine.end(id)).status).toBe('completed');
  expect(await second.exited).toBe(0);
  const all = [...seen, ...seqs(second.output())];
  expect(all).toEqual(Array.from({ length: all.length }, (_, i) => i + 1));
  expect(all.length).toBeGreaterThan(240);
  expect([...provider.calls.values()].filter(({ answered }) => answered > 1).map(({ key }) => key)).toEqual([]);
  worker.child.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
  engine.close();
  await provider.close();
  await server.stop();
});
