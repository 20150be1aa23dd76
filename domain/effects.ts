import type { EventDraft } from './events.js';

/** Where a swarm writes: a branch of its own in a git repository, begun at `base`. */
export interface Workspace {
  /** The folder the swarm was given. */
  readonly folder: string;
  /** Git directory that holds the branch: that of the folder, or a private one. */
  readonly repository: string;
  /** Top of the working tree that the repository's paths start from. */
  readonly root: string;
  /** The folder's path below `root`, empty or with a slash at its end. */
  readonly prefix: string;
  readonly branch: string;
  /** Commit the branch began at. */
  readonly base: string;
}

/** A file as an agent wants it. */
export interface FileWrite {
  readonly path: string;
  readonly content: string;
}

/** One file as a branch and its base differ in it; lines added and removed, 0 where it is no text. */
export interface FileChange {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** `begun` = in doubt: it may have happened. `stuck` = it could not be undone. */
export const EFFECT_STATUSES = ['begun', 'done', 'undone', 'stuck'] as const;
export type EffectStatus = (typeof EFFECT_STATUSES)[number];

/** What one task changed outside history; known before it is done, so that it can be undone whatever dies. */
export interface Effect {
  /** Unique in the swarm and stable over attempts, replays and replacements, like a call key. */
  readonly key: string;
  readonly taskId: string;
  status: EffectStatus;
  /** Paths it wrote. */
  files: readonly string[];
  commit: string | null;
}

/** Applies an `effect.*` event, in place; an effect that is begun again is in doubt again. */
export const applyToEffects = (effects: Effect[], { type, taskId = '', data = {} }: EventDraft): void => {
  if (!type.startsWith('effect.')) return;
  const key = String(data['effect']);
  let effect = effects.find((other) => other.key === key);
  if (!effect) {
    effect = { key, taskId, status: 'begun', files: [], commit: null };
    effects.push(effect);
  }
  if (type === 'effect.begun' && effect.status !== 'done') effect.status = 'begun';
  if (type === 'effect.done') {
    effect.status = 'done';
    effect.commit = String(data['commit']);
    effect.files = data['files'] as readonly string[];
  }
  if (type === 'effect.undone') effect.status = 'undone';
  if (type === 'effect.stuck') effect.status = 'stuck';
};

/** What is to be undone, newest first: all that happened or may have. */
export const toUndo = (effects: readonly Effect[], taskId?: string): readonly Effect[] =>
  effects.filter((effect) => effect.status !== 'undone' && (taskId === undefined || effect.taskId === taskId)).reverse();

/** Keys of what a run that goes well stands for: the newest change of each task. An older one is of an owner that was lost before its task had settled. */
export const toKeep = (effects: readonly Effect[]): ReadonlySet<string> =>
  new Set(new Map(effects.filter(({ status }) => status === 'done').map(({ taskId, key }) => [taskId, key])).values());

const MOST_CHARS = 512;

/** Why a path may not be written, or null: relative, without `..`, links or git's own folder; one form for each file. */
export const pathProblem = (path: string): string | null => {
  if (path === '' || path.length > MOST_CHARS) return `A path has 1 to ${MOST_CHARS} characters.`;
  if (/[\u0000-\u001f\u007f\\]|\p{Cs}/u.test(path)) return 'It has characters that no path may have.';
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'It is absolute.';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'It is not in its shortest form, or leaves the workspace.';
  if (parts.some((part) => /^(\.git[ .]*|git~\d+)$/i.test(part.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '')))) return "It is in git's own folder.";
  return null;
};
