import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

/** A lock between processes that the kernel releases when its holder dies, however it dies. */
export interface Lock {
  release(): void;
}

/** Takes the lock, waiting up to `waitMs`; null when another process holds it. */
export const acquireLock = (file: string, waitMs = 0): Lock | null => {
  mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
};

const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');

/** Runs `work` while no other process does, waiting for it up to 30 s. */
export const withLock = <T>(file: string, work: () => T): T => {
  const lock = acquireLock(file, 30_000);
  if (!lock) throw new Error(`another process holds ${file}`);
  try {
    return work();
  } finally {
    lock.release();
  }
};
