import { join } from 'node:path';
import { createArchive } from './archive.js';
import { blobInsert, createBlobs } from './blobs.js';
import { databaseFile, openDatabase, openRelaxed } from './database.js';
import { createGroupCommit } from './group-commit.js';
import { createLedger } from './ledger.js';
import type { BlobStore, CallLedger, SecretStore, SwarmArchive, Workspaces } from './port.js';
import { createSecrets } from './secrets.js';
import { createWorkspaces } from './workspaces.js';

export type { ArchivedSwarm, BlobStore, CallLedger, InFlightCall, SwarmArchive, Workspaces } from './port.js';
export { createWorkspaces } from './workspaces.js';
export { acquireLock, withLock, type Lock } from './lock.js';

export interface Storage {
  readonly blobs: BlobStore;
  readonly ledger: CallLedger;
  readonly archive: SwarmArchive;
  readonly secrets: SecretStore;
  readonly workspaces: Workspaces;
  close(): void;
}

/** All durable state of one `CF_HOME` that is not Temporal's; `root` is the package root, where the migrations are. */
export const openStorage = ({ home, root }: { readonly home: string; readonly root: string }): Storage => {
  const store = openDatabase(databaseFile(home), join(root, 'storage', 'migrations'));
  const relaxed = openRelaxed(databaseFile(home));
  const db = store.$client;
  const insertBlob = blobInsert(db);
  const commit = createGroupCommit(db);
  return {
    blobs: createBlobs(db, insertBlob, commit),
    ledger: createLedger({ db, relaxed, insertBlob, commit }),
    archive: createArchive(store),
    secrets: createSecrets(db),
    workspaces: createWorkspaces(home),
    close: () => {
      relaxed.close();
      db.close();
    },
  };
};
