import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { processStart } from '../../../config/process-identity.js';
import { connectTemporal } from '../../../temporal/connection.js';
import { versionOf } from '../../../temporal/server/attempts.js';
import { startDevServer, type DevServerOptions } from '../../../temporal/server/dev-server.js';
import { freePort } from '../../../temporal/server/identity.js';
import { missingSearchAttributes } from '../../../temporal/search-attributes.js';
import { end } from '../../../workers/supervisor.js';
import { tempFolder } from '../../helpers/temp-folder.js';

const path = process.env['CF_TEST_TEMPORAL_BIN'] ?? '';
const optionsIn = async (home: string, version?: string): Promise<DevServerOptions> => ({
  binary: { path, version: version ?? (await versionOf(path)) ?? '', from: 'test' },
  dbFile: join(home, 'temporal.db'),
  logFile: join(home, 'temporal.log'),
  port: await freePort(),
  uiPort: await freePort(),
});
const run = async (options: DevServerOptions, use: () => Promise<void> = async () => undefined): Promise<void> => {
  const { pid = 0 } = await startDevServer(options);
  try {
    await use();
  } finally {
    await end({ pid, processStart: processStart(pid) ?? '' }, 5_000);
  }
};

test('the server runs on a WAL database, keeps closed runs for 90 days and has our search attributes', async () => {
  const options = await optionsIn(tempFolder());
  await run(options, async () => {
    const temporal = await connectTemporal({ address: `127.0.0.1:${options.port}`, namespace: 'default', uiUrl: null });
    const { config } = await temporal.connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 86_400);
    expect(await missingSearchAttributes(temporal.connection, 'default')).toEqual([]);
    await temporal.close();
    const database = new Database(options.dbFile, { readonly: true });
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    database.close();
  });
});

test('a database of a newer CLI is not touched; one of an older CLI is copied first', async () => {
  const home = tempFolder();
  const options = await optionsIn(home);
  await run(options);
  writeFileSync(`${options.dbFile}.version`, '99.0.0');
  await expect(startDevServer(options)).rejects.toMatchObject({ code: 'conflict', fix: expect.stringContaining('99.0.0') });
  writeFileSync(`${options.dbFile}.version`, '1.0.0');
  await run({ ...options, port: await freePort(), uiPort: await freePort() });
  expect(existsSync(`${options.dbFile}.before-${options.binary.version}`)).toBe(true);
  expect(readFileSync(`${options.dbFile}.version`, 'utf8')).toBe(options.binary.version);
});

test('a database that the newer CLI can not read is put back as it was, and the error says so', { timeout: 60_000 }, async () => {
  const home = tempFolder();
  const options = await optionsIn(home);
  writeFileSync(options.dbFile, 'this is no database');
  copyFileSync(options.dbFile, join(home, 'original'));
  writeFileSync(`${options.dbFile}.version`, '1.0.0');
  await expect(startDevServer(options)).rejects.toMatchObject({ code: 'conflict', why: expect.stringContaining('put back'), fix: expect.stringContaining('1.0.0') });
  expect(readFileSync(options.dbFile)).toEqual(readFileSync(join(home, 'original')));
});

test('a server that dies at its start says how, with the end of its log', async () => {
  const home = tempFolder();
  const options = await optionsIn(home);
  writeFileSync(options.dbFile, 'this is no database');
  await expect(startDevServer(options)).rejects.toMatchObject({
    code: 'unreachable',
    why: expect.stringMatching(/it ended with code \d+: ./),
    fix: expect.stringContaining('temporal.log'),
  });
});

test('a server that does not answer is unreachable, with its address and the fix', async () => {
  const port = await freePort();
  await expect(connectTemporal({ address: `127.0.0.1:${port}`, namespace: 'default', uiUrl: null })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining(String(port)),
    fix: expect.stringContaining('cf dev'),
  });
}, 20_000);
