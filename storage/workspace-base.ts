import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '../domain/effects.js';
import { SwarmError } from '../domain/errors.js';
import { git, orNull } from './git.js';

/** Where a swarm's branch begins: a commit, and the repository that holds it. */
export type WorkspaceBase = Omit<Workspace, 'folder' | 'branch'>;

/** The commit a folder stands on; a folder without one gets a repository of the swarm's own under `home`, which holds it as it is. Throws `not_found` where there is no such folder. */
export const baseOf = async (home: string, swarmId: string, folder: string): Promise<WorkspaceBase> => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new SwarmError({
      code: 'not_found',
      message: `${folder} is no folder here.`,
      why: "It is not on the worker's machine.",
      fix: 'Run the worker where the workspace is.',
    });
  return (await ownRepository(folder)) ?? privateRepository(join(home, 'workspaces', `${swarmId}.git`), swarmId, folder);
};

/** Null where the folder has no repository, or one without a commit. */
const ownRepository = async (folder: string): Promise<WorkspaceBase | null> => {
  const base = await orNull(git({ args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], cwd: folder }));
  if (base === null) return null;
  const [repository = '', root = '', prefix = ''] = (await git({ args: ['rev-parse', '--absolute-git-dir', '--show-toplevel', '--show-prefix'], cwd: folder })).split('\n');
  return { repository, root, prefix, base };
};

/** A bare repository that holds the folder as it is now, whatever its `.gitignore` leaves out. */
const privateRepository = async (repository: string, swarmId: string, folder: string): Promise<WorkspaceBase> => {
  const inside = [`--git-dir=${repository}`];
  await git({ args: ['init', '--quiet', '--bare', repository] });
  // An index of its own for each attempt: one that was killed leaves its lock.
  const file = join(repository, `index-${randomBytes(6).toString('hex')}`);
  const env = { GIT_INDEX_FILE: file };
  await git({ args: [...inside, `--work-tree=${folder}`, '-c', 'advice.addEmbeddedRepo=false', 'add', '--all', '.'], cwd: folder, env });
  const tree = (await git({ args: [...inside, 'write-tree'], env })).trim();
  await rm(file, { force: true });
  const base = (await git({ args: [...inside, 'commit-tree', tree, '-m', `${folder} at the start of ${swarmId}`] })).trim();
  return { repository, root: folder, prefix: '', base };
};
