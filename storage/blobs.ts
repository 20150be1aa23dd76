import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SwarmError } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';
import type { BlobRef } from '../domain/model-call.js';
import type { BlobStore } from './port.js';

/** Content-addressed files below `folder`: two-digit fan-out, written aside, fsynced and renamed, so that a killed write leaves nothing half done. */
export const createBlobs = (folder: string): BlobStore => {
  const fileOf = (hash: string): string => join(folder, hash.slice(0, 2), hash.slice(2));
  return {
    put: async (text) => {
      const bytes = Buffer.from(text, 'utf8');
      const hash = sha256(bytes);
      const file = fileOf(hash);
      const there = await stat(file).catch(() => null);
      if (there?.size !== bytes.length) await writeDurably(file, bytes);
      return refOf(hash, bytes.length, text);
    },
    get: async (hash) => {
      const bytes = await readFile(fileOf(hash)).catch((error: unknown) => {
        throw new SwarmError({
          code: 'not_found',
          message: `The text ${hash} is missing.`,
          why: 'Its file is not in the blob store of this machine.',
          fix: 'Run where the swarm ran (same CF_HOME), or restore the folder blobs from a backup.',
          cause: error,
        });
      });
      if (sha256(bytes) === hash) return bytes.toString('utf8');
      throw new SwarmError({
        code: 'tool_failed',
        message: `The text ${hash} is damaged.`,
        why: 'Its content does not match its hash any more.',
        fix: 'Restore the folder blobs from a backup; the disk may be failing.',
      });
    },
  };
};

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const refOf = (hash: string, bytes: number, text: string): BlobRef => ({
  hash,
  bytes,
  preview: text
    .slice(0, LIMITS.previewChars * 2)
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}|\p{Cs}/gu, '')
    .slice(0, LIMITS.previewChars),
});

const writeDurably = async (file: string, bytes: Buffer): Promise<void> => {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(aside, 'wx').catch(async () => {
    await mkdir(dirname(file), { recursive: true });
    return open(aside, 'wx');
  });
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  // The rename itself must survive a power cut.
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
