import type { FileWrite, Workspace } from '../domain/effects.js';
import { heartbeatWhile } from './heartbeat-while.js';
import type { BlobStore, ChangeId, Workspaces } from '../storage/port.js';

export interface WorkspaceDeps {
  readonly workspaces: Workspaces;
  readonly blobs: BlobStore;
}

/** What agents change outside history, and how it is undone. Each may be repeated: a change happens once, and never after it was undone. */
export const createWorkspaceActivities = ({ workspaces, blobs }: WorkspaceDeps) => ({
  openWorkspace: (swarmId: string, folder: string): Promise<Workspace> => heartbeatWhile(() => workspaces.open(swarmId, folder)),
  /** `files` = blob of a list of `FileWrite`. */
  writeFiles: async ({ workspace, files, ...change }: ChangeId & { readonly workspace: Workspace; readonly files: string }): ReturnType<Workspaces['write']> =>
    heartbeatWhile(async () => workspaces.write(workspace, change, JSON.parse(await blobs.get(files)) as readonly FileWrite[])),
  /** False = it had not happened, and now it can't. */
  undoFiles: (workspace: Workspace, key: string): Promise<boolean> => heartbeatWhile(() => workspaces.undo(workspace, key)),
  /** Keys of the changes that stand, newest first; none can be added any more. */
  sealWorkspace: (workspace: Workspace): Promise<readonly string[]> => heartbeatWhile(() => workspaces.seal(workspace)),
});
export type WorkspaceActivities = ReturnType<typeof createWorkspaceActivities>;
