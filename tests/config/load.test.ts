import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { environmentOf } from '../../config/environment.js';
import { absolutePath, dataFolder, userConfigFolder } from '../../config/folders.js';
import { loadSettings, type LoadRequest } from '../../config/load.js';
import { tempFolder } from '../helpers/temp-folder.js';

let cwd = '';
let xdg = '';
beforeEach(() => {
  cwd = tempFolder();
  xdg = tempFolder();
  mkdirSync(join(xdg, 'durable-swarm'));
});
const file = (name: string, text: string): void => writeFileSync(join(cwd, name), text);
const user = (name: string, text: string): void => writeFileSync(join(userConfigFolder({ XDG_CONFIG_HOME: xdg }, 'linux'), name), text);
const load = (request: Partial<LoadRequest> = {}) => loadSettings({ cwd, flags: {}, ...request, env: { XDG_CONFIG_HOME: xdg, ...request.env } });

describe('loadSettings', () => {
  test('with nothing given everything has its default, and nothing is written', async () => {
    expect(await load({ env: { XDG_DATA_HOME: '/data' } })).toMatchObject({
      model: null,
      providers: {
        anthropic: { apiKey: null, baseUrl: null },
        openai: { apiKey: null, baseUrl: null },
        compat: { apiKey: null, baseUrl: null, ollamaHost: null },
        simScript: null,
      },
      api: { port: 3000, host: '127.0.0.1' },
      logLevel: 'info',
      remoteTemporal: false,
      temporalBin: null,
      seed: null,
      cwd,
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('flag beats environment beats .env beats project beats user', async () => {
    user('cf.config.yaml', 'model: openai/user\n');
    expect((await load()).model).toEqual({ ref: 'openai/user', from: join(xdg, 'durable-swarm', 'cf.config.yaml') });
    file('cf.config.yaml', 'model: openai/project\n');
    expect((await load()).model).toEqual({ ref: 'openai/project', from: join(cwd, 'cf.config.yaml') });
    file('.env', 'CF_MODEL=openai/dotenv\n');
    expect((await load()).model).toEqual({ ref: 'openai/dotenv', from: '.env CF_MODEL' });
    const env = { CF_MODEL: 'openai/env' };
    expect((await load({ env })).model).toEqual({ ref: 'openai/env', from: 'environment CF_MODEL' });
    expect((await load({ env, flags: { model: 'openai/flag' } })).model).toEqual({ ref: 'openai/flag', from: '--model' });
    expect((await load({ env: { CF_MODEL: '' } })).model?.ref).toBe('openai/dotenv');
    expect(process.env['CF_MODEL']).not.toBe('openai/dotenv');
  });

  test.each([
    ['cf.config.yaml', 'api:\n  port: 4000\nproviders:\n  compat: { baseUrl: "http://127.0.0.1:9/v1" }\nseed: 7\n'],
    ['cf.config.json', '{"api":{"port":4000},"providers":{"compat":{"baseUrl":"http://127.0.0.1:9/v1"}},"seed":7}'],
    ['cf.config.ts', 'const port: number = 4000;\nexport default { api: { port }, providers: { compat: { baseUrl: "http://127.0.0.1:9/v1" } }, seed: 7 };\n'],
  ])('reads %s and leaves the folder as it is', async (name, text) => {
    file(name, text);
    expect(await load()).toMatchObject({ api: { port: 4000, host: '127.0.0.1' }, providers: { compat: { baseUrl: 'http://127.0.0.1:9/v1' } }, seed: '7' });
    expect(readdirSync(cwd)).toEqual([name]);
  });

  test.each(['', '# nothing yet\n', '---\n'])('a YAML file without content (%j) sets nothing', async (text) => {
    file('cf.config.yaml', text);
    expect((await load()).api.port).toBe(3000);
  });

  test('every variable of the contract is read', async () => {
    const env = {
      CF_HOME: 'state',
      ANTHROPIC_API_KEY: 'ak',
      ANTHROPIC_BASE_URL: 'http://a',
      OPENAI_API_KEY: 'ok',
      OPENAI_BASE_URL: 'http://o',
      OLLAMA_HOST: '127.0.0.1:1',
      CF_COMPAT_BASE_URL: 'http://c',
      CF_COMPAT_API_KEY: 'ck',
      CF_SIM_SCRIPT: 's.yaml',
      CF_API_PORT: '0',
      CF_API_HOST: '::1',
      CF_LOG_LEVEL: 'debug',
      CF_SEED: '42',
      CF_TEMPORAL_BIN: '/bin/temporal',
    };
    expect(await load({ env })).toMatchObject({
      home: join(cwd, 'state'),
      providers: {
        anthropic: { apiKey: 'ak', baseUrl: 'http://a' },
        openai: { apiKey: 'ok', baseUrl: 'http://o' },
        compat: { apiKey: 'ck', baseUrl: 'http://c', ollamaHost: '127.0.0.1:1' },
        simScript: join(cwd, 's.yaml'),
      },
      api: { port: 0, host: '::1' },
      logLevel: 'debug',
      seed: '42',
      temporalBin: '/bin/temporal',
    });
  });

  test('a path in a file starts at the folder of that file', async () => {
    user('cf.config.yaml', 'home: state\n');
    expect((await load()).home).toBe(join(xdg, 'durable-swarm', 'state'));
  });

  test.each([
    ['an unknown key', 'cf.config.yaml', 'modle: x/y\n', /cf\.config\.yaml: unknown key "modle"/],
    ['an unknown nested key', 'cf.config.yaml', 'api: { prot: 1 }\n', /unknown key "api\.prot"/],
    ['a wrong type', 'cf.config.json', '{"api":{"port":"many"}}', /wrong value for "api\.port"/],
    ['a URL that is none', 'cf.config.yaml', 'providers: { openai: { baseUrl: ftp://x } }\n', /wrong value for "providers\.openai\.baseUrl"/],
    ['broken YAML', 'cf.config.yaml', 'api: [\n', /cf\.config\.yaml can't be read/],
    ['broken JSON', 'cf.config.json', '{', /cf\.config\.json can't be read/],
    ['code that throws', 'cf.config.ts', 'throw new Error("no");\n', /cf\.config\.ts can't be read/],
    ['a list', 'cf.config.yaml', '- a\n', /cf\.config\.yaml/],
  ])('%s is refused with the file and the key', async (_, name, text, message) => {
    file(name, text);
    await expect(load()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(message), fix: expect.stringMatching(/\S/) });
  });

  test('a provider key in a file is refused and pointed to .env', async () => {
    file('cf.config.yaml', 'providers: { openai: { apiKey: sk-1 } }\n');
    await expect(load()).rejects.toMatchObject({ message: expect.stringContaining('"providers.openai.apiKey"'), fix: expect.stringContaining('.env') });
  });

  test('two files side by side are refused', async () => {
    file('cf.config.yaml', 'model: a/b\n');
    file('cf.config.json', '{}');
    await expect(load()).rejects.toMatchObject({ message: expect.stringContaining('two configuration files') });
  });

  test.each([
    ['CF_API_PORT', 'http'],
    ['CF_API_PORT', '70000'],
    ['CF_LOG_LEVEL', 'loud'],
    ['OPENAI_BASE_URL', 'not a url'],
  ])('%s=%s is refused by name', async (name, value) => {
    await expect(load({ env: { [name]: value } })).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(`environment ${name}`) });
  });

  test('Temporal is remote when TEMPORAL_ADDRESS says so, also from .env, or when a profile names an address', async () => {
    const temporalAddress = () => 'cloud:7233';
    expect((await load({ temporalAddress })).remoteTemporal).toBe(false);
    expect((await load({ env: { TEMPORAL_ADDRESS: 'x:1' } })).remoteTemporal).toBe(true);
    expect((await load({ env: { TEMPORAL_PROFILE: 'prod' }, temporalAddress })).remoteTemporal).toBe(true);
    expect((await load({ env: { TEMPORAL_PROFILE: 'prod' }, temporalAddress: () => undefined })).remoteTemporal).toBe(false);
    mkdirSync(join(xdg, 'temporalio'));
    writeFileSync(join(xdg, 'temporalio', 'temporal.toml'), '');
    expect((await load({ temporalAddress })).remoteTemporal).toBe(true);
    file('.env', 'TEMPORAL_ADDRESS=y:1\n');
    expect((await load()).remoteTemporal).toBe(true);
  });
});

test('environmentOf fills in from .env what the environment leaves out', () => {
  file('.env', 'A=dotenv\nB="quoted # text"\nexport C=3\n');
  expect(environmentOf({ cwd, env: { A: 'real', D: '' } })).toEqual({ A: 'real', B: 'quoted # text', C: '3' });
});

test('folders follow the platform', () => {
  expect(dataFolder({ XDG_DATA_HOME: '/d' }, 'linux')).toBe('/d/durable-swarm');
  expect(dataFolder({ XDG_DATA_HOME: 'relative' }, 'linux')).toBe(join(homedir(), '.local/share/durable-swarm'));
  expect(dataFolder({}, 'darwin')).toBe(join(homedir(), 'Library/Application Support/durable-swarm'));
  expect([absolutePath('~/x', '/b'), absolutePath('x', '/b'), absolutePath('/x', '/b')]).toEqual([join(homedir(), 'x'), '/b/x', '/x']);
});
