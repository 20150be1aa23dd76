import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { SwarmError } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';
import type { BlobRef } from '../domain/model-call.js';
import type { GroupCommit } from './group-commit.js';
import type { BlobStore } from './port.js';

/** Writes a text within the transaction of its caller, unless it is there whole. */
export type InsertBlob = (text: string) => BlobRef;

export const blobInsert = (db: Database.Database): InsertBlob => {
  const insert = db.prepare('insert into blobs (hash, content) values (?, ?) on conflict (hash) do update set content = excluded.content where content <> excluded.content');
  return (text) => {
    const content = Buffer.from(text, 'utf8');
    const hash = sha256(content);
    insert.run(hash, content);
    return { hash, bytes: content.length, preview: previewOf(text) };
  };
};

/** Content-addressed texts on SQLite: what is put in one turn of the event loop is one commit, and every read is checked against its hash. */
export const createBlobs = (db: Database.Database, insert: InsertBlob, commit: GroupCommit): BlobStore => {
  const select = db.prepare<[string], Buffer>('select content from blobs where hash = ?').pluck();
  return {
    put: (text) => commit(() => insert(text)),
    get: async (hash) => {
      const content = select.get(hash);
      if (!content)
        throw new SwarmError({
          code: 'not_found',
          message: `The text ${hash} is missing.`,
          why: 'It is not in the database of this CF_HOME.',
          fix: 'Run where the swarm ran (same CF_HOME), or restore cf.db from a backup.',
        });
      if (sha256(content) === hash) return content.toString('utf8');
      throw new SwarmError({
        code: 'tool_failed',
        message: `The text ${hash} is damaged.`,
        why: 'Its content does not match its hash any more.',
        fix: 'Restore cf.db from a backup; the disk may be failing.',
      });
    },
  };
};

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** How the text begins, on one line. */
const previewOf = (text: string): string =>
  text
    .slice(0, LIMITS.previewChars * 2)
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}|\p{Cs}/gu, '')
    .slice(0, LIMITS.previewChars);
