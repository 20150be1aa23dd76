import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { isAlive } from '../../config/process-identity.js';
import { scaledWorkers } from '../../workers/scale-workers.js';
import { startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** `cf dev --autoscale`: real worker processes come when calls wait and go when none do. */
test('calls that wait start workers, up to the most; quiet drains them, and so does the end', { timeout: 180_000 }, async () => {
  const home = tempFolder();
  const provider = await startHttpProvider({ latencyMs: () => 4_000 });
  const env = {
    CF_HOME: home,
    CF_TEMPORAL_BIN: process.env['CF_TEST_TEMPORAL_BIN'] ?? '',
    CF_COMPAT_BASE_URL: provider.url,
    CF_MODEL: 'compat/x',
    CF_API_PORT: '0',
  };
  const dev = startProcess([CF, 'dev', '--autoscale', '3', '--scale-down-after', '3s'], env);
  try {
    await vi.waitUntil(() => dev.output().includes('Up to 3 workers'), { timeout: 60_000, interval: 100 });
    // One worker makes 64 calls at once: 240 tasks keep three of them busy.
    const tasks = Array.from({ length: 240 }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'researcher' }));
    const file = join(home, 'spec.yaml');
    const spec = JSON.stringify({ objective: 'Keep them busy', tasks, maxAgents: 240, review: false, votes: 'none' });
    writeFileSync(file, spec);
    const run = startProcess([CF, 'run', '-f', file, '--json'], env);
    await vi.waitUntil(() => scaledWorkers(home).length === 2, { timeout: 60_000, interval: 100 });
    const scaled = scaledWorkers(home);
    expect(await run.exited).toBe(0);
    await vi.waitUntil(() => scaledWorkers(home).length === 0, { timeout: 60_000, interval: 100 });
    expect(scaled.some(isAlive)).toBe(false);
    expect(dev.output()).toMatch(/worker 2: started by load[\s\S]*worker 3: started by load[\s\S]*worker 3: drained[\s\S]*worker 2: drained/);
  } finally {
    dev.child.kill('SIGTERM');
    expect(await dev.exited).toBe(0);
    await provider.close();
  }
});
