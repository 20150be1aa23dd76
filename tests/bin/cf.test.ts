import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { packageRoot, packageVersion } from '../../config/package-root.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** The executable as it is installed: `npm run build` makes it. */
const CF = join(packageRoot, 'dist', 'bin', 'cf.js');
let cwd = '';
let home = '';
beforeEach(() => {
  cwd = tempFolder();
  home = tempFolder();
});
const env = (more: Record<string, string> = {}): Record<string, string> => ({ PATH: process.env['PATH'] ?? '', HOME: home, CF_HOME: join(home, 'state'), ...more });
const cf = (args: readonly string[], { input = '', more = {} }: { input?: string; more?: Record<string, string> } = {}) =>
  spawnSync(process.execPath, [CF, ...args], { cwd, env: env(more), input, encoding: 'utf8', timeout: 60_000 });

describe('the executable', () => {
  test('starts without naming node: a build leaves it executable, as npx wants it', () => {
    expect(spawnSync(CF, ['--version'], { cwd, env: env(), encoding: 'utf8' })).toMatchObject({ status: 0, stdout: `${packageVersion}\n` });
  });

  test('prints its version and leaves nothing behind', () => {
    expect(cf(['--version'])).toMatchObject({ status: 0, stdout: `${packageVersion}\n`, stderr: '' });
    expect([readdirSync(cwd), readdirSync(home)]).toEqual([[], []]);
  });

  test('says in three parts what is wrong, without a stack trace, and exits 2', () => {
    const { status, stdout, stderr } = cf(['run', 'x', '--frobnicate']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/✖ Unknown option '--frobnicate'\.\n {2}why: .*\n {2}fix: .*\n {2}code: invalid_input\n$/);
  });

  test('reads a spec from standard input and names line and column', () => {
    const { status, stdout } = cf(['run', '-f', '-', '--json'], { input: 'objective: a\nnope: 1\n' });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'invalid_input', message: expect.stringContaining('line 2, column 1: unknown key "nope"') } });
  });

  test('an objective that is not UTF-8 is refused', () => {
    const { status, stderr } = spawnSync('/bin/sh', ['-c', `exec "$0" "$1" run "$(printf 'a\\377b')"`, process.execPath, CF], { cwd, env: env(), encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('holds binary data');
  });

  test('with nothing running, reading a swarm exits 5 and says how to start', () => {
    const { status, stderr } = cf(['ps']);
    expect(status).toBe(5);
    expect(stderr).toMatch(/No Temporal server runs here[\s\S]*cf dev[\s\S]*code: unreachable/);
    expect(cf(['dev', 'status', '--json'])).toMatchObject({ status: 0, stdout: '{"processes":[]}\n' });
    expect(cf(['dev', 'stop', '--json'])).toMatchObject({ status: 0, stdout: '{"stopped":[]}\n' });
  });

  test('a configured Temporal that does not answer exits 5, also from .env', { timeout: 30_000 }, () => {
    writeFileSync(join(cwd, '.env'), 'TEMPORAL_ADDRESS=127.0.0.1:1\n');
    const { status, stdout } = cf(['ps', '--json']);
    expect(status).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unreachable', message: expect.stringContaining('127.0.0.1:1') } });
  });

  test('-C changes where files are looked up, and must be a directory', () => {
    const other = tempFolder();
    writeFileSync(join(other, 'cf.config.yaml'), 'model: openai/from-there\n');
    expect(cf(['-C', other, 'config', 'show']).stdout).toMatch(/model +openai\/from-there/);
    expect(cf(['-C', join(other, 'none'), 'config', 'show'])).toMatchObject({ status: 2 });
  });

  test('roles of the project are listed beside the built-in ones', () => {
    expect(cf(['agents', 'list']).stdout).toMatch(/^planner +coordination/m);
    expect(cf(['agents', 'show', 'reviewer', '--json']).stdout).toContain('"output":"review"');
  });

  test('a reader that leaves early does no harm', async () => {
    const child = spawn(process.execPath, [CF, 'completion', 'fish'], { cwd, env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect([code, err]).toEqual([0, '']);
  });
});
