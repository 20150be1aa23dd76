import type { BlobRef } from './model-call.js';
import { fnv1a } from './hash.js';

/** What a reviewer, or voters, found wrong with an answer: of use to whoever does work of that craft later. */
export interface Lesson {
  readonly craft: string;
  readonly taskId: string;
  /** The findings, by reference. */
  readonly text: Pick<BlobRef, 'hash' | 'bytes'>;
}

/** Kept of each craft, and put before one agent at most; the newest are of most use. */
const KEPT = 8;
const SHOWN = 3;

/** Both lists as one, each finding once and at most `KEPT` of a craft: those that came last. */
export const mergeLessons = (known: readonly Lesson[], more: readonly Lesson[]): readonly Lesson[] => {
  const has = new Set(known.map(({ text }) => text.hash));
  const added = more.filter(({ text }) => !has.has(text.hash) && has.add(text.hash));
  if (added.length === 0) return known;
  const all = [...known, ...added];
  return all.filter((lesson, i) => all.slice(i + 1).filter(({ craft }) => craft === lesson.craft).length < KEPT);
};

/** What an agent of a craft is told before a task: the newest findings on other tasks. */
export const lessonsFor = (lessons: readonly Lesson[], craft: string, taskId: string): readonly Lesson['text'][] =>
  lessons
    .filter((lesson) => lesson.craft === craft && lesson.taskId !== taskId)
    .slice(-SHOWN)
    .map(({ text }) => text);

/** Tells one choice of lessons from another in a call's key; empty for none. */
export const lessonsMark = (texts: readonly Lesson['text'][]): string => (texts.length === 0 ? '' : fnv1a(texts.map(({ hash }) => hash).join(' ')).toString(16));
