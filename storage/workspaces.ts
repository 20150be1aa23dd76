import { existsSync } from 'node:fs';
import { pathProblem, type FileChange, type Workspace } from '../domain/effects.js';
import { SwarmError } from '../domain/errors.js';
import { git, GitRefusal, orNull, type GitRequest } from './git.js';
import type { Workspaces } from './port.js';
import { baseOf } from './workspace-base.js';

/** One commit of a swarm's branch, as its message tells it. */
interface Entry {
  readonly commit: string;
  readonly kind: 'effect' | 'undo' | 'seal';
  readonly key: string;
  /** Paths from the top of the repository. */
  readonly files: readonly string[];
}

/** A path with what it is to hold: a text, or an object of the repository; null removes it. */
interface Edit {
  readonly path: string;
  readonly mode: string;
  readonly content: { readonly text: string } | { readonly object: string } | null;
}

/** What one change of a branch comes to: it has been done already, or a commit. */
type Step<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'commit'; readonly subject: string; readonly entry: Omit<Entry, 'commit'>; readonly edits: readonly Edit[]; resultAt(commit: string): T };

/** Times that a commit is tried when another process moves the branch meanwhile; Temporal tries again after that. */
const TRIES = 8;
const EMPTY = '0'.repeat(40);

const refOf = ({ branch }: Workspace): string => `refs/heads/${branch}`;
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** For now: a full disk, a lock that somebody left. */
const unwritable = ({ branch, repository }: Workspace, why: string): SwarmError =>
  new SwarmError({
    code: 'unreachable',
    message: `The branch ${branch} can't be written.`,
    why,
    fix: `It is tried again for two minutes. Free the disk, or remove the lock that git names in ${repository}.`,
  });

/** Branches of swarms by git's plumbing: no file is checked out, so nothing can be half written, and nothing of the user's is touched. `home` holds private repositories. */
export const createWorkspaces = (home: string): Workspaces => {
  /** One commit at a time per branch in this process. */
  const queues = new Map<string, Promise<unknown>>();
  const inTurn = <T>({ repository, branch }: Workspace, work: () => Promise<T>): Promise<T> => {
    const name = `${repository} ${branch}`;
    const mine = (queues.get(name) ?? Promise.resolve()).then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    queues.set(name, settled);
    void settled.then(() => queues.get(name) === settled && queues.delete(name));
    return mine;
  };

  const inside = ({ repository }: Pick<Workspace, 'repository'>, args: readonly string[], more: Omit<GitRequest, 'args'> = {}): Promise<string> =>
    git({ args: [`--git-dir=${repository}`, ...args], ...more });

  const headOf = async (workspace: Workspace): Promise<string> => {
    const head = existsSync(workspace.repository) ? await orNull(inside(workspace, ['rev-parse', '--verify', '--quiet', `${refOf(workspace)}^{commit}`])) : null;
    if (head !== null) return head;
    throw new SwarmError({
      code: 'not_found',
      message: `The branch ${workspace.branch} is gone.`,
      why: `It is not in ${workspace.repository} any more.`,
      fix: 'Bring the repository back; what the swarm wrote was only there.',
    });
  };

  /** Oldest first. */
  const entriesOf = async (workspace: Workspace, head: string): Promise<readonly Entry[]> => {
    const log = await inside(workspace, ['log', '--reverse', '--first-parent', '--format=%H%n%B%x00', `${workspace.base}..${head}`]);
    return log.split('\0').flatMap((block): readonly Entry[] => {
      const [commit = '', ...message] = lines(block);
      const of = (name: string): readonly string[] => message.flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));
      const kind = of('Cf-Kind')[0];
      return kind === 'effect' || kind === 'undo' || kind === 'seal' ? [{ commit, kind, key: of('Cf-Key')[0] ?? '', files: of('Cf-File') }] : [];
    });
  };

  const standing = (entries: readonly Entry[]): readonly Entry[] => {
    const undone = new Set(entries.flatMap(({ kind, key }) => (kind === 'undo' ? [key] : [])));
    return entries.filter(({ kind, key }) => kind === 'effect' && !undone.has(key));
  };

  /** Mode, kind and object of what a commit holds at these paths and at the folders above them. */
  const lookUp = async (workspace: Workspace, commit: string, paths: readonly string[]): Promise<ReadonlyMap<string, { mode: string; type: string; object: string }>> => {
    if (paths.length === 0) return new Map();
    const wanted = [...new Set(paths.flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'))))];
    const listed = await inside(workspace, ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', ...wanted]);
    return new Map(
      listed.split('\0').flatMap((line) => {
        const [, mode = '', type = '', object = '', path = ''] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(line) ?? [];
        return path === '' ? [] : [[path, { mode, type, object }] as const];
      }),
    );
  };

  /** Adds one commit on top of `head` and returns it; null when the branch has moved on. */
  const commit = async (workspace: Workspace, head: string, subject: string, entry: Omit<Entry, 'commit'>, edits: readonly Edit[]): Promise<string | null> => {
    const message = Buffer.from([subject, '', `Cf-Kind: ${entry.kind}`, `Cf-Key: ${entry.key}`, ...entry.files.map((path) => `Cf-File: ${path}`), ''].join('\n'), 'utf8');
    const quoted = (path: string): string => `"${path.replace(/[\\"]/g, (mark) => `\\${mark}`)}"`;
    const stream: (string | Buffer)[] = [
      `feature done\nfeature get-mark\ncommit ${refOf(workspace)}\nmark :1\ncommitter cf <cf@localhost> ${Math.floor(Date.now() / 1000)} +0000\ndata ${message.length}\n`,
      message,
      `\nfrom ${head}\n`,
    ];
    for (const { path, mode, content } of edits) {
      if (content === null) stream.push(`D ${quoted(path)}\n`);
      else if ('object' in content) stream.push(`M ${mode} ${content.object} ${quoted(path)}\n`);
      else {
        const bytes = Buffer.from(content.text, 'utf8');
        stream.push(`M ${mode} inline ${quoted(path)}\ndata ${bytes.length}\n`, bytes, '\n');
      }
    }
    stream.push('get-mark :1\ndone\n');
    try {
      const input = Buffer.concat(stream.map((part) => Buffer.from(part)));
      return (await inside(workspace, ['-c', 'core.fsyncMethod=fsync', '-c', 'core.fsync=all', 'fast-import', '--quiet', '--done'], { input })).trim();
    } catch (error) {
      if ((await headOf(workspace)) !== head) return null;
      throw error instanceof GitRefusal ? unwritable(workspace, error.message) : error;
    }
  };

  /** `decide` sees the branch and says what to commit, or what has been done already. */
  const change = <T>(workspace: Workspace, decide: (head: string, entries: readonly Entry[]) => Promise<Step<T>>): Promise<T> =>
    inTurn(workspace, async () => {
      for (let tried = 0; tried < TRIES; tried += 1) {
        const head = await headOf(workspace);
        const wanted = await decide(head, await entriesOf(workspace, head));
        if (wanted.kind === 'done') return wanted.result;
        const made = await commit(workspace, head, wanted.subject, wanted.entry, wanted.edits);
        if (made !== null) return wanted.resultAt(made);
      }
      throw unwritable(workspace, `Other processes moved it ${TRIES} times.`);
    });

  const write: Workspaces['write'] = (workspace, { key, taskId, agentId }, files) => {
    const refused = (path: string, why: string): SwarmError =>
      new SwarmError({
        code: 'provider_rejected',
        message: `The agent may not write ${JSON.stringify(path)}.`,
        why,
        fix: 'Retry the task, steer the agents, or use a stronger model.',
      });
    for (const { path } of files) {
      const why = pathProblem(path);
      if (why !== null) throw refused(path, why);
    }
    // The last of several texts for one path.
    const wanted = new Map(files.map(({ path, content }) => [`${workspace.prefix}${path}`, content]));
    const paths = [...wanted.keys()];
    const own = (list: readonly string[]): readonly string[] => list.map((path) => path.slice(workspace.prefix.length));
    return change(workspace, async (head, entries) => {
      const done = entries.find((entry) => entry.kind === 'effect' && entry.key === key);
      const isUndone = entries.some((entry) => entry.kind === 'seal' || (entry.kind === 'undo' && entry.key === key));
      if (isUndone)
        throw new SwarmError({
          code: 'conflict',
          message: `The change ${key} was rolled back.`,
          why: 'It came after its task, or its swarm, had been undone.',
          fix: 'Nothing is to be done.',
        });
      if (done) return { kind: 'done', result: { commit: done.commit, files: own(done.files) } };
      const there = await lookUp(workspace, head, paths);
      const edits = paths.map((path): Edit => {
        const parents = path.split('/').map((_, i, parts) => parts.slice(0, i).join('/'));
        if (parents.some((parent) => parent !== '' && (there.get(parent)?.type ?? 'tree') !== 'tree')) throw refused(path, 'A folder of its path is a file or a link.');
        if (paths.some((other) => other.startsWith(`${path}/`))) throw refused(path, 'The same answer uses it as a folder.');
        const found = there.get(path);
        if (found && (found.type !== 'blob' || found.mode === '120000')) throw refused(path, 'It is a folder, a link or a repository of its own.');
        return { path, mode: found?.mode ?? '100644', content: { text: wanted.get(path) ?? '' } };
      });
      return {
        kind: 'commit',
        subject: `${taskId}: ${paths.length} ${paths.length === 1 ? 'file' : 'files'} by ${agentId}`,
        entry: { kind: 'effect', key, files: paths },
        edits,
        resultAt: (at) => ({ commit: at, files: own(paths) }),
      };
    });
  };

  const undo: Workspaces['undo'] = (workspace, key) =>
    change(workspace, async (_head, entries) => {
      const effect = entries.find((entry) => entry.kind === 'effect' && entry.key === key);
      if (entries.some((entry) => entry.kind === 'undo' && entry.key === key)) return { kind: 'done', result: effect !== undefined };
      const others = standing(entries).filter((entry) => entry.key !== key);
      const files = effect?.files ?? [];
      const edits = await Promise.all(
        files.map(async (path): Promise<Edit> => {
          const from = others.findLast((entry) => entry.files.includes(path))?.commit ?? workspace.base;
          const found = (await lookUp(workspace, from, [path])).get(path);
          return { path, mode: found?.mode ?? '', content: found ? { object: found.object } : null };
        }),
      );
      return { kind: 'commit', subject: `undo ${key}`, entry: { kind: 'undo', key, files }, edits, resultAt: () => effect !== undefined };
    });

  const seal: Workspaces['seal'] = (workspace) =>
    change(workspace, async (_head, entries) => {
      const keys = standing(entries)
        .map(({ key }) => key)
        .reverse();
      if (entries.some(({ kind }) => kind === 'seal')) return { kind: 'done', result: keys };
      return { kind: 'commit', subject: 'the swarm has ended', entry: { kind: 'seal', key: '', files: [] }, edits: [], resultAt: () => keys };
    });

  const changes = async (workspace: Workspace, head: string): Promise<readonly FileChange[]> => {
    const listed = await inside(workspace, ['diff', '--numstat', '-z', '--no-renames', workspace.base, head]);
    return listed.split('\0').flatMap((line) => {
      const [, added = '', removed = '', path = ''] = /^(\S+)\t(\S+)\t(.*)$/s.exec(line) ?? [];
      return path === '' ? [] : [{ path: path.slice(workspace.prefix.length), added: Number(added) || 0, removed: Number(removed) || 0 }];
    });
  };
  const diff: Workspaces['diff'] = async (workspace) => {
    const head = await headOf(workspace);
    return {
      head,
      patch: await inside(workspace, ['diff', '--binary', '--no-renames', '--no-color', '--no-ext-diff', workspace.base, head]),
      files: await changes(workspace, head),
    };
  };

  return {
    open: async (swarmId, folder) => {
      const workspace: Workspace = { folder, branch: `cf/${swarmId}`, ...(await baseOf(home, swarmId, folder)) };
      await orNull(inside(workspace, ['update-ref', refOf(workspace), workspace.base, EMPTY]));
      // The base is where the first attempt began it: nothing has been written since.
      return { ...workspace, base: await headOf(workspace) };
    },
    write: async (...request) => write(...request),
    undo,
    seal,
    read: async (workspace, path) => {
      if (pathProblem(path) !== null) return null;
      const head = await headOf(workspace);
      const found = (await lookUp(workspace, head, [`${workspace.prefix}${path}`])).get(`${workspace.prefix}${path}`);
      return found?.type === 'blob' && found.mode !== '120000' ? inside(workspace, ['cat-file', 'blob', found.object]) : null;
    },
    diff,
    apply: async (workspace) => {
      const { patch, files } = await diff(workspace);
      if (files.length === 0) return [];
      const applyIt = (...flags: readonly string[]): Promise<string> =>
        inside(workspace, [`--work-tree=${workspace.root}`, 'apply', '--whitespace=nowarn', ...flags, '-'], { cwd: workspace.root, input: patch });
      try {
        await applyIt();
      } catch (error) {
        if (!(error instanceof GitRefusal)) throw error;
        // Applied before: it is all there.
        if ((await orNull(applyIt('--reverse', '--check'))) !== null) return files;
        throw new SwarmError({
          code: 'conflict',
          message: `The changes do not fit onto ${workspace.folder} as it is now; nothing was written.`,
          why: error.message,
          fix: `Undo what you changed there since the swarm started, or merge by hand: git --git-dir=${workspace.repository} diff ${workspace.base.slice(0, 12)} ${workspace.branch}`,
        });
      }
      return files;
    },
  };
};
