import { expect, test } from 'vitest';
import { createLogger, secretsOf } from '../../config/logger.js';
import { loadSettings } from '../../config/load.js';
import { providerEnv, providerFingerprints } from '../../config/provider-env.js';
import { redact, shownSecret } from '../../config/redact.js';

const settingsOf = (env: Record<string, string>) => loadSettings({ cwd: '/', flags: {}, env: { XDG_CONFIG_HOME: '/nowhere', ...env } });

const logged = (write: (logger: ReturnType<typeof createLogger>) => void, secrets: readonly string[] = []): string => {
  let text = '';
  write(createLogger({ level: 'debug', name: 'test', secrets, destination: { write: (line) => void (text += line) } }));
  return text;
};

test('a log line holds no credential: by field name, by shape, by value', () => {
  const text = logged(
    (log) => {
      log.info({ apiKey: 'plain-one', provider: { apiKey: 'plain-two', headers: { authorization: 'plain-three' } } }, 'called');
      log.error(new Error('401 from https://user:hunter2@host with Bearer abcdefghijkl and sk-ant-api03-abcdefgh'));
      log.warn('the value my-own-secret-value is written');
    },
    ['my-own-secret-value'],
  );
  for (const secret of ['plain-one', 'plain-two', 'plain-three', 'hunter2', 'abcdefghijkl', 'api03', 'my-own-secret-value']) expect(text).not.toContain(secret);
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name),
  ).toEqual(['test', 'test', 'test']);
});

test('the level is kept', () => {
  expect(logged((log) => log.trace('x'))).toBe('');
});

test('redact leaves other text alone', () => {
  expect(redact('ask-me about http://host:80/a@b and tasks')).toBe('ask-me about http://host:80/a@b and tasks');
});

test('a secret is shown by its last four characters only where enough stays hidden', () => {
  expect([shownSecret(null), shownSecret('short'), shownSecret('sk-1234567890abcd')]).toEqual(['not set', 'set', 'set (…abcd)']);
});

test('a worker gets exactly the provider settings, and loads the same ones from them', async () => {
  const env = { ANTHROPIC_API_KEY: 'ak-1', OPENAI_BASE_URL: 'http://o/v1', OLLAMA_HOST: 'h:1', CF_COMPAT_BASE_URL: 'http://c/v1', CF_SIM_SCRIPT: '/s.yaml', CF_MODEL: 'openai/x' };
  const settings = await settingsOf(env);
  const { CF_MODEL: _, ...expected } = env;
  expect(providerEnv(settings)).toEqual(expected);
  expect((await settingsOf(providerEnv(settings))).providers).toEqual(settings.providers);
  expect(secretsOf(settings)).toEqual(['ak-1']);
});

test('the fingerprints change with each provider setting and with nothing else, and hide it', async () => {
  const of = async (env: Record<string, string>) => providerFingerprints(await settingsOf(env));
  const base = await of({ OPENAI_API_KEY: 'a' });
  expect(base).toEqual({ OPENAI_API_KEY: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await of({ OPENAI_API_KEY: 'a', CF_MODEL: 'openai/x', CF_API_PORT: '1' })).toEqual(base);
  expect((await of({ OPENAI_API_KEY: 'b' }))['OPENAI_API_KEY']).not.toBe(base['OPENAI_API_KEY']);
  expect(await of({ OPENAI_API_KEY: 'a', OPENAI_BASE_URL: 'http://x' })).toMatchObject({ ...base, OPENAI_BASE_URL: expect.any(String) });
});
