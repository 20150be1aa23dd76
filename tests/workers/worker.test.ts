import { spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { connectTemporal } from '../../temporal/connection.js';
import { missingSearchAttributes } from '../../temporal/search-attributes.js';
import { freePort } from '../../temporal/server/identity.js';
import { CF, startProcess } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';

test('a worker registers its search attributes on a bare server, logs what --log-level says, and leaves on SIGTERM while it idles', { timeout: 120_000 }, async () => {
  const port = await freePort();
  const server = spawn(process.env['CF_TEST_TEMPORAL_BIN'] ?? '', ['server', 'start-dev', '--headless', '--port', String(port), '--log-level', 'never'], { stdio: 'ignore' });
  const target = { address: `127.0.0.1:${port}`, namespace: 'default', uiUrl: null };
  try {
    const { connection, close } = await vi.waitUntil(() => connectTemporal(target).catch(() => null), { timeout: 30_000, interval: 100 });
    expect((await missingSearchAttributes(connection, 'default')).length).toBe(6);
    const env = { CF_HOME: tempFolder(), TEMPORAL_ADDRESS: target.address, OPENAI_API_KEY: 'sk-never-in-a-log' };
    for (const [level, logs] of [
      ['info', false],
      ['debug', true],
    ] as const) {
      const worker = startProcess([CF, 'worker', '--log-level', level], env);
      await vi.waitUntil(() => worker.output().includes('Worker polls cf.swarms, cf.models.openai'), 30_000);
      expect(await missingSearchAttributes(connection, 'default')).toEqual([]);
      worker.child.kill('SIGTERM');
      expect(await worker.exited).toBe(0);
      const lines = worker
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'));
      expect([lines.length > 0, logs ? '' : lines.join('\n')]).toEqual([logs, '']);
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ name: 'worker', msg: expect.any(String) });
      expect(worker.output()).not.toContain('sk-never-in-a-log');
    }
    await close();
  } finally {
    server.kill('SIGKILL');
  }
});
