import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { Claim } from '../domain/contracts.js';
import type { Workspace } from '../domain/effects.js';
import type { BlobStore, Workspaces } from '../storage/port.js';

export interface ClaimCheck {
  readonly claims: readonly Claim[];
  /** Blobs of the outputs so far, by task id. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Folder that `file` claims are read below; null = none. */
  readonly workspace: string | null;
  /** Where the swarm writes, looked at first; absent = nowhere. */
  readonly branch?: Workspace;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Case, quotes and white space are a model's own. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/["'`“”‘’]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

export interface ClaimDeps {
  readonly blobs: BlobStore;
  readonly workspaces: Pick<Workspaces, 'read'>;
}

export const createClaimActivities = (deps: ClaimDeps) => ({
  /** Looks up the evidence of a ballot and returns why each wrong claim is wrong; reads only, may be repeated. */
  checkClaims: async (check: ClaimCheck): Promise<readonly string[]> => {
    const found = await Promise.all(check.claims.map((claim) => refutationOf(claim, check, deps)));
    return found.filter((why) => why !== null);
  },
});
export type ClaimActivities = ReturnType<typeof createClaimActivities>;

const refutationOf = async ({ kind, source, quote }: Claim, { outputs, workspace, branch }: ClaimCheck, { blobs, workspaces }: ClaimDeps): Promise<string | null> => {
  if (kind === 'command') return `No result of the command "${source}" is known: agents run none.`;
  const hash = outputs[source];
  if (kind === 'output' && hash === undefined) return `There is no output of a task "${source}".`;
  const text = kind === 'output' ? await blobs.get(hash ?? '') : ((branch ? await workspaces.read(branch, source) : null) ?? (await readInside(workspace, source)));
  if (text === null) return `The file "${source}" can't be read in the workspace.`;
  return plain(text).includes(plain(quote)) ? null : `"${quote.slice(0, 80)}" does not stand in ${kind} ${source}.`;
};

/** A file below `workspace`, also after links are followed; null when it is not there, outside, or too large. */
const readInside = async (workspace: string | null, path: string): Promise<string | null> => {
  if (workspace === null) return null;
  try {
    const root = await realpath(workspace);
    const file = await realpath(resolve(root, path));
    const found = await stat(file);
    return file.startsWith(root + sep) && found.isFile() && found.size <= MAX_FILE_BYTES ? await readFile(file, 'utf8') : null;
  } catch {
    return null;
  }
};
