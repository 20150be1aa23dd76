import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SwarmError } from '../../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../../domain/names.js';
import { ensureSearchAttributes } from '../search-attributes.js';
import type { ServerBinary } from './attempts.js';
import { compareVersions } from './versions.js';

export interface DevServerOptions {
  readonly binary: ServerBinary;
  readonly dbFile: string;
  readonly logFile: string;
  readonly port: number;
  readonly uiPort: number;
}

/** Name as the CLI writes types of search attributes. */
const CLI_TYPE = { KEYWORD: 'Keyword', BOOL: 'Bool', INT: 'Int' } as const;

/** Off by default in some of the versions we accept (stack.md section 3.4). */
const DYNAMIC_CONFIG = [
  'frontend.enableServerVersionCheck=false',
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
  'frontend.WorkerHeartbeatsEnabled=true',
  'frontend.ListWorkersEnabled=true',
  // Above this many events that arrive during one workflow task the server fails that task and has it replayed; its default of 100 is passed by 50 calls that end together.
  'history.maximumBufferedEventsBatch=2000',
  // Timers and retries fire this late at most; the default of 1 s would be most of the time that a restarted worker waits for its calls.
  'history.timerProcessorMaxTimeShift="50ms"',
];

/** WAL is 2 to 5 times faster than the default and as safe against kill -9 (architecture.md section 6). */
const PRAGMAS = ['journal_mode=wal', 'synchronous=normal', 'cache_size=-64000', 'temp_store=memory'];

const argsOf = ({ dbFile, port, uiPort }: DevServerOptions): string[] => [
  ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--db-filename', dbFile, '--log-format', 'json', '--log-level', 'warn'],
  ...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
  ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
  ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${CLI_TYPE[type]}`]),
];

/** Which CLI wrote a database, beside it. */
const stampOf = (dbFile: string): string => `${dbFile}.version`;

const START_MS = 30_000;
/** Closed runs stay readable this long; the server's own default is one day. */
const RETENTION_DAYS = 90;

/** Starts the dev server on a file database, detached, and returns when it answers; a database of another version is backed up first and put back when it does not start. */
export const startDevServer = async (options: DevServerOptions): Promise<ChildProcess> => {
  const { binary, dbFile } = options;
  await mkdir(dirname(dbFile), { recursive: true });
  const written = await readFile(stampOf(dbFile), 'utf8').catch(() => null);
  const change = written === null ? 0 : compareVersions(binary.version, written);
  if (change < 0)
    throw new SwarmError({
      code: 'conflict',
      message: `The database was written by Temporal CLI ${written}, this one is ${binary.version}.`,
      why: 'An older server can not be trusted with a newer database; nothing was changed.',
      fix: `Use a Temporal CLI of at least ${written} (CF_TEMPORAL_BIN), or another CF_HOME.`,
    });
  const backup = `${dbFile}.before-${binary.version}`;
  if (change > 0) await copyDatabase(dbFile, backup);
  try {
    const child = await launch(options);
    await writeFile(stampOf(dbFile), binary.version);
    return child;
  } catch (error) {
    if (change <= 0) throw error;
    await copyDatabase(backup, dbFile);
    throw new SwarmError({
      code: 'conflict',
      message: `Temporal CLI ${binary.version} can not read the database that ${written} wrote.`,
      why: `${error instanceof Error ? error.message : String(error)} The database was put back as it was.`,
      fix: `Use Temporal CLI ${written} (CF_TEMPORAL_BIN), or another CF_HOME.`,
      cause: error,
    });
  }
};

const copyDatabase = async (from: string, to: string): Promise<void> => {
  for (const suffix of ['', '-wal', '-shm']) {
    await rm(`${to}${suffix}`, { force: true });
    await copyFile(`${from}${suffix}`, `${to}${suffix}.part`).then(
      () => rename(`${to}${suffix}.part`, `${to}${suffix}`),
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)),
    );
  }
};

/** The server takes further ports at random, which may be the very ones we chose: then it is started again. */
const launch = async (options: DevServerOptions, triesLeft = 3): Promise<ChildProcess> => {
  try {
    return await launchOnce(options);
  } catch (error) {
    if (triesLeft <= 1 || !/address already in use|bind:/i.test(error instanceof SwarmError ? error.why : '')) throw error;
    return launch(options, triesLeft - 1);
  }
};

const launchOnce = async (options: DevServerOptions): Promise<ChildProcess> => {
  await mkdir(dirname(options.logFile), { recursive: true });
  const log = await open(options.logFile, 'a');
  const child = spawn(options.binary.path, argsOf(options), { detached: true, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  try {
    await whenReady(child, options);
    child.unref();
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
};

const whenReady = async (child: ChildProcess, { port, logFile }: DevServerOptions): Promise<void> => {
  let gone: string | null = null;
  child.once('error', (error) => {
    gone = error.message;
  });
  child.once('exit', (code, signal) => {
    gone = `it ended with ${signal ?? `code ${code}`}`;
  });
  const until = Date.now() + START_MS;
  for (;;) {
    const reason = gone as string | null;
    if (reason !== null || Date.now() > until)
      throw new SwarmError({
        code: 'unreachable',
        message: 'The Temporal server did not start.',
        why: `${reason ?? `no answer in ${START_MS / 1000} s`}: ${await tailOf(logFile)}`,
        fix: `See ${logFile}.`,
      });
    if (await prepared(port)) return;
    await delay(50);
  }
};

/** True when the server answers, its namespace has our retention and our search attributes are there. */
const prepared = async (port: number): Promise<boolean> => {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '1 second' }).catch(() => null);
  if (!connection) return false;
  try {
    await connection.workflowService.updateNamespace({ namespace: 'default', config: { workflowExecutionRetentionTtl: { seconds: (RETENTION_DAYS * 86_400) as never } } });
    await ensureSearchAttributes(connection, 'default');
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
};

export const tailOf = async (file: string, lines = 3): Promise<string> => (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').slice(-lines).join(' | ').slice(-800);
