import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import type { BlobRef, ModelAnswer } from '../../domain/model-call.js';
import { blobInsert } from '../../storage/blobs.js';
import { databaseFile } from '../../storage/database.js';
import { createGroupCommit } from '../../storage/group-commit.js';
import { acquireLock } from '../../storage/lock.js';
import { openStorage } from '../../storage/index.js';
import { tempFolder } from '../helpers/temp-folder.js';

const answer = (text: BlobRef): ModelAnswer => ({
  text,
  decision: null,
  broken: null,
  inline: null,
  usage: { inputTokens: 1, outputTokens: 1 },
});
const call = { key: 'swarm-1/t1/answer/1', workflowId: 'w', runId: 'r', activityId: '1', attempt: 1, pid: 1, processStart: 's' };

test('the database is readable by its owner only', () => {
  const home = tempFolder();
  openStorage({ home, root: packageRoot }).close();
  expect(statSync(databaseFile(home)).mode & 0o777).toBe(0o600);
});

describe('blobs', () => {
  const home = tempFolder();
  const { blobs, close } = openStorage({ home, root: packageRoot });
  const db = new Database(databaseFile(home));
  afterAll(() => {
    db.close();
    close();
  });

  test('the same text is one blob, whoever writes it and however often', async () => {
    const refs = await Promise.all(Array.from({ length: 20 }, () => blobs.put('Grüße, 世界')));
    expect(new Set(refs.map(({ hash }) => hash)).size).toBe(1);
    expect(refs[0]).toMatchObject({ bytes: Buffer.byteLength('Grüße, 世界'), preview: 'Grüße, 世界' });
    expect(await blobs.get(refs[0]?.hash ?? '')).toBe('Grüße, 世界');
    expect(db.prepare('select count(*) from blobs').pluck().get()).toBe(1);
  });
  test.each([
    ['missing', 'not_found', 'delete from blobs where hash = ?'],
    ['cut', 'tool_failed', 'update blobs set content = substr(content, 1, 3) where hash = ?'],
    ['bit-flipped', 'tool_failed', "update blobs set content = cast('T' || substr(content, 2) as blob) where hash = ?"],
  ])('a blob that is %s fails its reader with the hash, and is whole again when it is written again', async (name, code, damage) => {
    const { hash } = await blobs.put(`to be ${name}`);
    expect(db.prepare(damage).run(hash).changes).toBe(1);
    await expect(blobs.get(hash)).rejects.toMatchObject({ code, message: expect.stringContaining(hash) });
    expect((await blobs.put(`to be ${name}`)).hash).toBe(hash);
    expect(await blobs.get(hash)).toBe(`to be ${name}`);
  });
  test('writes of one turn are one transaction: one that fails takes the others with it', async () => {
    const commit = createGroupCommit(db);
    const insert = blobInsert(db);
    const written = await Promise.allSettled([
      commit(() => insert('whole')),
      commit(() => {
        throw new Error('disk full');
      }),
    ]);
    expect(written.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(db.prepare('select count(*) from blobs where content = ?').pluck().get(Buffer.from('whole'))).toBe(0);
  });
});

describe('the call ledger', () => {
  test('the first answer wins; its call is no longer in flight', async () => {
    const { ledger, blobs, close } = openStorage({ home: tempFolder(), root: packageRoot });
    expect(ledger.find(call.key)).toBeNull();
    ledger.begin(call);
    expect(ledger.inFlight()).toEqual([call]);
    const first = await ledger.record(call.key, 'first', answer);
    expect(first.text).toMatchObject({ bytes: 5, preview: 'first' });
    expect(await blobs.get(first.text.hash)).toBe('first');
    expect(await ledger.record(call.key, 'second', answer)).toEqual(first);
    expect([ledger.find(call.key), ledger.inFlight()]).toEqual([first, []]);
    close();
  });
  test('an orphan is claimed once, and not when its call has moved on', () => {
    const { ledger, close } = openStorage({ home: tempFolder(), root: packageRoot });
    ledger.begin(call);
    ledger.begin({ ...call, attempt: 2, pid: 2 });
    expect(ledger.claimOrphan(call)).toBe(false);
    expect([ledger.claimOrphan({ ...call, attempt: 2, pid: 2 }), ledger.claimOrphan({ ...call, attempt: 2, pid: 2 })]).toEqual([true, false]);
    ledger.begin(call);
    ledger.abandon({ ...call, attempt: 9 });
    expect(ledger.inFlight()).toHaveLength(1);
    close();
  });
  test('several processes write at once and are killed: every acknowledged answer is there', { timeout: 60_000 }, async () => {
    const home = tempFolder();
    const script = `
      const { openStorage } = await import(${JSON.stringify(join(packageRoot, 'dist', 'storage', 'index.js'))});
      const { ledger } = openStorage({ home: process.argv[1], root: process.argv[2] });
      for (let i = 0; ; i += 1) { const key = process.argv[3] + '/' + i; await ledger.record(key, key, (text) => ({ text })); process.stdout.write(key + '\\n'); }`;
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 4 }, (_, w) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, home, packageRoot, `w${w}`], { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      return new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text.split('\n').length > 100) child.kill('SIGKILL');
        });
        child.once('close', (_code, signal) => {
          acknowledged.push(...text.split('\n').slice(0, -1));
          return signal === 'SIGKILL' ? resolve() : reject(new Error(errors));
        });
      });
    });
    await Promise.all(writers);
    expect(acknowledged.length).toBeGreaterThanOrEqual(400);
    const { ledger, close } = openStorage({ home, root: packageRoot });
    expect(acknowledged.filter((key) => ledger.find(key) === null)).toEqual([]);
    close();
  });
});

test('a lock is held by one, waited for, and released by kill -9 of its holder', async () => {
  const file = join(tempFolder(), 'x.lock');
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { acquireLock } = await import(${JSON.stringify(join(packageRoot, 'dist', 'storage', 'lock.js'))}); acquireLock(process.argv[1]); process.stdout.write('held'); setInterval(() => {}, 1e9);`,
      file,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  expect(acquireLock(file)).toBeNull();
  holder.kill('SIGKILL');
  await new Promise((resolve) => holder.once('exit', resolve));
  const lock = acquireLock(file);
  expect(lock).not.toBeNull();
  lock?.release();
});
