import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { SwarmError } from '../domain/errors.js';
import { withLock } from './lock.js';
import * as schema from './schema.js';

export type Store = BetterSQLite3Database<typeof schema> & { readonly $client: Database.Database };

/** Earlier versions can corrupt a WAL with two connections (promises.md section 4). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** Opens the database of one `CF_HOME`, migrated; several processes may do so at once. Commits are fsynced before they return. */
export const openDatabase = (file: string, migrationsFolder: string): Store => {
  mkdirSync(dirname(file), { recursive: true });
  const client = new Database(file, { timeout: 10_000 });
  // It holds texts, and keys of voters.
  chmodSync(file, 0o600);
  assertVersion(client);
  client.pragma('journal_mode = WAL');
  client.pragma('synchronous = FULL');
  const store = drizzle(client, { schema, casing: 'snake_case' });
  // Two processes that start at once must not both create the tables.
  withLock(`${file}.migrate`, () => migrate(store, { migrationsFolder }));
  return store;
};

/** A second connection whose commits survive `kill -9` of the process but not a power cut: they do not wait for the disk. */
export const openRelaxed = (file: string): Database.Database => {
  const client = new Database(file, { timeout: 10_000 });
  client.pragma('synchronous = NORMAL');
  return client;
};

const assertVersion = (client: Database.Database): void => {
  const { version } = client.prepare('select sqlite_version() as version').get() as { version: string };
  const parts = version.split('.').map(Number);
  const older = OLDEST_SQLITE.findIndex((part, i) => (parts[i] ?? 0) !== part);
  if (older >= 0 && (parts[older] ?? 0) < (OLDEST_SQLITE[older] ?? 0))
    throw new SwarmError({
      code: 'internal',
      message: `SQLite ${version} is too old.`,
      why: `At least ${OLDEST_SQLITE.join('.')} is needed: earlier ones can corrupt the database.`,
      fix: 'Reinstall the package so that better-sqlite3 is rebuilt.',
    });
};

export const databaseFile = (home: string): string => join(home, 'cf.db');
