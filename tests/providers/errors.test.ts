import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RETRYABLE, type SwarmError } from '../../domain/errors.js';
import { createAnthropicProvider, createCompatProvider, createOpenAiProvider } from '../../providers/hosted.js';
import type { ModelProvider, ModelRequest } from '../../providers/port.js';
import { createSimProvider } from '../../providers/sim.js';
import { startHttpProvider } from '../helpers/http-provider.js';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A server that answers every request alike; what it saw. */
const serveOnce = async (respond: (response: ServerResponse) => void) => {
  const seen: { headers: NodeJS.Dict<string | string[]>; body: string; closed: boolean }[] = [];
  const server = createServer((request, response) => {
    const entry = { headers: request.headers, body: '', closed: false };
    seen.push(entry);
    response.once('close', () => (entry.closed = !response.writableFinished));
    request.on('data', (chunk: Buffer) => (entry.body += chunk.toString()));
    request.on('end', () => respond(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};
const status =
  (code: number, body = '{"error":{"type":"scripted"}}', headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body);
const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  key: 'swarm-1/t1/answer/1',
  model: 'm',
  system: 'You are a tester.',
  prompt: 'Objective: "verbatim" — ☃',
  contract: 'report',
  maxOutputTokens: 100,
  traceId: 'a'.repeat(32),
  signal: new AbortController().signal,
  ...more,
});
const KEY = 'sk-very-secret-key-1234';
const providers: readonly (readonly [string, (url: string) => ModelProvider])[] = [
  ['anthropic', (baseUrl) => createAnthropicProvider({ apiKey: KEY, baseUrl, version: '1.2.3' })],
  ['openai', (baseUrl) => createOpenAiProvider({ apiKey: KEY, baseUrl: `${baseUrl}/v1`, version: '1.2.3' })],
  ['compat', (baseUrl) => createCompatProvider({ apiKey: KEY, baseUrl, version: '1.2.3' })],
];
const failureOf = async (provider: ModelProvider, asked = request()): Promise<SwarmError> =>
  provider.generate(asked).then(
    () => expect.unreachable(),
    (error: unknown) => error as SwarmError,
  );

describe.each(providers)('%s', (name, create) => {
  test.each([
    [429, 'rate_limited'],
    [500, 'provider_unavailable'],
    [503, 'provider_unavailable'],
    [529, 'provider_unavailable'],
    [408, 'provider_unavailable'],
    [400, 'provider_rejected'],
    [401, 'unauthenticated'],
    [402, 'provider_rejected'],
    [403, 'unauthenticated'],
    [413, 'provider_rejected'],
  ] as const)('HTTP %i is %s, asked for once', async (code, expected) => {
    const { url, seen } = await serveOnce(status(code, `{"error":{"type":"scripted","message":"your key ${KEY}"}}`));
    const error = await failureOf(create(url));
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining(String(code)) });
    expect(RETRYABLE[expected]).toBe(expected === 'rate_limited' || expected === 'provider_unavailable');
    expect(seen).toHaveLength(1);
    expect(JSON.stringify([error, error.message, error.why, error.fix])).not.toContain(KEY);
  });
  test('Retry-After is handed on in milliseconds', async () => {
    const { url } = await serveOnce(status(429, '{}', { 'retry-after': '7' }));
    expect(await failureOf(create(url))).toMatchObject({ code: 'rate_limited', retryAfterMs: 7_000 });
  });
  test('a spend cap in a 429 is not tried again', async () => {
    const { url } = await serveOnce(status(429, '{"error":{"code":"insufficient_quota"}}', { 'retry-after': '1' }));
    expect((await failureOf(create(url))).code).toBe('provider_rejected');
  });
  test.each([
    ['a reset', (response: ServerResponse) => void response.socket?.destroy()],
    [
      'a body that is cut',
      (response: ServerResponse) =>
        void response.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999' }).write('{"choices":[{"mess', () => response.socket?.destroy()),
    ],
    ['no JSON', status(200, '<html>')],
    ['half of a JSON document', status(200, '{"choices":[{"message":{"content":"ab')],
    ['an empty body', status(200, '')],
  ])('%s is never taken for an answer and is tried again', async (_, respond) => {
    const { url } = await serveOnce(respond);
    expect((await failureOf(create(url))).code).toBe('provider_unavailable');
  });
  test('more than we accept is refused while it is read', async () => {
    const { url } = await serveOnce(status(200, JSON.stringify({ choices: [{ message: { content: 'x'.repeat(5 * 1024 * 1024) } }] })));
    expect((await failureOf(create(url))).code).toBe('provider_rejected');
  });
  test('the request carries the call key, our name, the trace and the prompt verbatim', async () => {
    const { url, seen } = await serveOnce(status(500));
    await failureOf(create(url));
    expect(seen[0]?.headers).toMatchObject({ 'idempotency-key': 'swarm-1/t1/answer/1', 'user-agent': 'durable-swarm/1.2.3', traceparent: expect.stringContaining('a'.repeat(32)) });
    expect(JSON.stringify(JSON.parse(seen[0]?.body ?? ''))).toContain(JSON.stringify('Objective: "verbatim" — ☃').slice(1, -1));
  });
  test('cancellation closes the request', async () => {
    const { url, seen } = await serveOnce(() => undefined);
    const abort = new AbortController();
    const answer = create(url).generate(request({ signal: abort.signal }));
    await vi.waitUntil(() => seen.length === 1);
    abort.abort(new Error('cancelled'));
    await expect(answer).rejects.toThrow();
    await vi.waitUntil(() => seen[0]?.closed === true);
  });
  test('an answer cut at the token limit, or an empty one, is not taken as whole', async () => {
    const body = (text: string, reason: string): string =>
      name === 'anthropic'
        ? JSON.stringify({
            id: 'm',
            type: 'message',
            role: 'assistant',
            model: 'm',
            content: text === '' ? [] : [{ type: 'text', text }],
            stop_reason: reason === 'length' ? 'max_tokens' : 'end_turn',
            stop_sequence: null,
            usage: { input_tokens: 5, output_tokens: 7 },
          })
        : JSON.stringify({
            id: 'c',
            object: 'chat.completion',
            created: 1,
            model: 'm',
            choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: reason }],
            usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
          });
    const cut = await serveOnce(status(200, body('{"text":"half', 'length')));
    expect(await create(cut.url).generate(request())).toMatchObject({
      answer: null,
      broken: expect.stringMatching(/cut at 100 tokens|not JSON/),
      raw: expect.stringContaining('half'),
    });
    const empty = await serveOnce(status(200, body('', 'stop')));
    expect((await failureOf(create(empty.url))).code).toBe('provider_unavailable');
  });
});

test("a whole answer is read against its contract; usage is the provider's", async () => {
  const provider = await startHttpProvider();
  closers.push(() => void provider.close());
  const reply = await createCompatProvider({ apiKey: null, baseUrl: provider.url, version: '0' }).generate(request());
  expect(reply).toMatchObject({ broken: null, answer: { text: 'answer to swarm-1/t1/answer/1', claims: [] }, usage: { inputTokens: 100, outputTokens: 10 } });
});

test('simulated answers say so in every text', async () => {
  const reply = await createSimProvider({ scriptFile: null }).generate(request({ model: 'echo' }));
  expect(reply).toMatchObject({ broken: null, answer: { text: expect.stringMatching(/^\[simulated\]/) } });
  expect((await failureOf(createSimProvider({ scriptFile: null }), request({ model: 'other' }))).code).toBe('provider_rejected');
  expect((await failureOf(createSimProvider({ scriptFile: null }), request({ model: 'scripted' }))).fix).toContain('CF_SIM_SCRIPT');
});
