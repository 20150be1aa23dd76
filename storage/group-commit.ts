import type Database from 'better-sqlite3';

/** Runs the writes of one turn of the event loop as one transaction with one fsync. A promise resolves when its write is on disk and rejects when the transaction failed: then none of it happened. */
export type GroupCommit = <T>(write: () => T) => Promise<T>;

interface Waiting {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export const createGroupCommit = (db: Database.Database): GroupCommit => {
  const runAll = db.transaction((batch: readonly Waiting[]) => {
    for (const { run } of batch) run();
  });
  let waiting: Waiting[] = [];
  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    try {
      runAll.immediate(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return <T>(write: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(commit);
      let result: T;
      waiting.push({
        run: () => {
          result = write();
        },
        resolve: () => resolve(result),
        reject,
      });
    });
};
