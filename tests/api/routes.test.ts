import { fc, test as property } from '@fast-check/vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { createApi, serveApi } from '../../api/server.js';
import { createFakeSwarms, type FakeSwarms } from '../helpers/fake-swarms.js';

const setUp = (swarms: FakeSwarms = createFakeSwarms()) => {
  const app = createApi({ swarms, version: '9.9.9' });
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { swarms, app, send, post: (path: string, body?: unknown, headers?: Record<string, string>) => send('POST', path, body, headers) };
};
const objective = 'Compare three ways';
/** An RFC 9457 document with our code and no stack trace; its code. */
const problemOf = async (response: Response): Promise<string> => {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const text = await response.text();
  expect(text).not.toMatch(/\n?\s+at .*:\d+:\d+|node_modules/);
  const document = JSON.parse(text) as Record<string, unknown>;
  expect(document).toMatchObject({
    status: response.status,
    title: expect.any(String),
    detail: expect.any(String),
    type: expect.stringContaining(String(document['code'])),
    why: expect.any(String),
    fix: expect.any(String),
  });
  return String(document['code']);
};

describe('routes', () => {
  test('a swarm is started, listed, shown, waited for and read', async () => {
    const { post, app } = setUp();
    const started = await post('/v1/swarms', { objective });
    expect(started.status).toBe(202);
    const { swarmId, temporalUi } = (await started.json()) as { swarmId: string; temporalUi: string };
    expect([started.headers.get('location'), temporalUi]).toEqual([`/v1/swarms/${swarmId}`, expect.stringContaining(swarmId)]);
    expect(await (await app.request(`/v1/swarms/${swarmId}`)).json()).toMatchObject({
      swarmId,
      status: 'completed',
      objective,
      simulated: false,
      votes: [],
      budget: { tokens: null, usd: null, calls: null },
    });
    const { figures } = (await (await app.request(`/v1/swarms/${swarmId}/figures`)).json()) as { figures: readonly object[] };
    expect(figures).toContainEqual({ name: 'budget.calls', shown: null, recounted: null, agrees: true, events: [1] });
    expect(await (await app.request(`/v1/swarms/${swarmId}/result?wait=5s`)).json()).toEqual({ swarmId, status: 'completed', result: 'The answer.' });
    await post('/v1/swarms', { objective });
    const first = (await (await app.request('/v1/swarms?limit=1')).json()) as { swarms: { swarmId: string }[]; nextCursor: string };
    const second = (await (await app.request(`/v1/swarms?limit=1&cursor=${first.nextCursor}`)).json()) as { swarms: { swarmId: string }[] };
    expect(new Set([first, second].flatMap(({ swarms }) => swarms.map((item) => item.swarmId))).size).toBe(2);
  });
  test('the result of a swarm that goes on is 202, at once or when the wait is over', async () => {
    const { post, app } = setUp(createFakeSwarms({ autoplay: false }));
    const { swarmId } = (await (await post('/v1/swarms', { objective })).json()) as { swarmId: string };
    for (const wait of ['', '?wait=20ms']) {
      const response = await app.request(`/v1/swarms/${swarmId}/result${wait}`);
      expect([response.status, await response.json()]).toEqual([202, { swarmId, status: 'running', result: null }]);
    }
  });
  test('events are streamed; a client that returns with Last-Event-ID gets each later one once', async () => {
    const { post, app } = setUp();
    const { swarmId } = (await (await post('/v1/swarms', { objective })).json()) as { swarmId: string };
    const idsOf = async (headers: Record<string, string>) =>
      [...(await (await app.request(`/v1/swarms/${swarmId}/events`, { headers })).text()).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    const all = await idsOf({});
    expect(all).toEqual(all.map((_, i) => i + 1));
    expect(await idsOf({ 'last-event-id': '4' })).toEqual(all.slice(4));
  });
  test('a client that leaves a stream is followed no longer', async () => {
    const { post, app, swarms } = setUp(createFakeSwarms({ autoplay: false }));
    const { swarmId } = (await (await post('/v1/swarms', { objective })).json()) as { swarmId: string };
    const served = await serveApi({ app, host: '127.0.0.1', port: 0 });
    const leave = new AbortController();
    const response = await fetch(`${served.url}/v1/swarms/${swarmId}/events`, { signal: leave.signal });
    await response.body?.getReader().read();
    await vi.waitUntil(() => swarms.followers() > 0);
    leave.abort();
    await vi.waitUntil(() => swarms.followers() === 0, 5_000);
    await served.close();
  });
  test('cancel, pause, resume, steer, tasks and budget are 202 while it runs and 409 when it has ended', async () => {
    const { post, swarms } = setUp(createFakeSwarms({ autoplay: false }));
    const { swarmId } = (await (await post('/v1/swarms', { objective })).json()) as { swarmId: string };
    const verbs = [
      ['pause'],
      ['resume'],
      ['steer', { text: 'Be brief.' }],
      ['tasks', { id: 'x', title: 'Do x' }],
      ['budget', { tokens: 9_000 }],
      ['answer', { taskId: 'x', decision: 'retry' }],
      ['switch', { topology: 'hierarchical' }],
      ['cancel'],
    ] as const;
    for (const [verb, body] of verbs) expect((await post(`/v1/swarms/${swarmId}/${verb}`, body)).status).toBe(202);
    expect(swarms.messages).toEqual([
      `pause ${swarmId}`,
      `resume ${swarmId}`,
      `steer ${swarmId} Be brief.`,
      `add ${swarmId} x`,
      `budget ${swarmId} {"tokens":9000}`,
      `answer ${swarmId} x retry`,
      `switch ${swarmId} hierarchical`,
      `cancel ${swarmId}`,
    ]);
    for (const [verb, body] of verbs) {
      const response = await post(`/v1/swarms/${swarmId}/${verb}`, body);
      expect([response.status, await problemOf(response)]).toEqual([409, 'conflict']);
    }
  });
  test('a scaler is started with its defaults, read as a metric, and stopped; another queue or wrong limits are refused', async () => {
    const { app, post } = setUp();
    const metric = (queue = 'cf.models.openai') => app.request(`/v1/scaling/${queue}`);
    expect([(await metric()).status, await problemOf(await metric())]).toEqual([404, 'not_found']);
    expect((await post('/v1/scaling/cf.models.openai', { min: 2, max: 8 })).status).toBe(202);
    expect(await (await metric()).json()).toEqual({ queue: 'cf.models.openai', wanted: 2, waiting: 0, oldestMs: 0, reason: 'nothing has waited yet', at: null });
    for (const wrong of [{ min: 9, max: 8 }, { max: 0 }, {}, { max: 8, quiet: 'soon' }, { max: 8, wizard: 1 }]) {
      const response = await post('/v1/scaling/cf.models.openai', wrong);
      expect([response.status, await problemOf(response)]).toEqual([400, 'invalid_input']);
    }
    expect((await metric('other')).status).toBe(400);
    expect((await post('/v1/scaling/cf.models.openai/stop')).status).toBe(202);
    expect((await metric()).status).toBe(404);
  });
  test('health is always 200; ready is 503 while no worker polls', async () => {
    expect((await setUp().app.request('/health')).status).toBe(200);
    expect((await setUp().app.request('/ready')).status).toBe(200);
    const silent = await setUp(createFakeSwarms({ silentQueues: ['cf.swarms'] })).app.request('/ready');
    expect([silent.status, await silent.json()]).toMatchObject([503, { ready: false, queues: { 'cf.swarms': false } }]);
  });
  test('OpenAPI 3.1 describes every route, from the schemas that are enforced', async () => {
    const document = (await (await setUp().app.request('/openapi.json')).json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(
      Object.entries(document.paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
        .sort(),
    ).toEqual(
      [
        'get /health',
        'get /ready',
        'get /v1/swarms',
        'get /v1/swarms/{id}',
        'get /v1/swarms/{id}/figures',
        'get /v1/swarms/{id}/events',
        'get /v1/swarms/{id}/result',
        'post /v1/swarms',
        'get /v1/scaling/{queue}',
        'post /v1/scaling/{queue}',
        'post /v1/scaling/{queue}/stop',
        ...['cancel', 'pause', 'resume', 'steer', 'tasks', 'budget', 'switch', 'answer'].map((verb) => `post /v1/swarms/{id}/${verb}`),
      ].sort(),
    );
    expect(JSON.stringify(document)).toMatch(/"maxAgents":\{[^}]*"maximum":1000/);
  });
  test('an idempotency key finds its swarm again; another body under it is 422', async () => {
    const { post, swarms } = setUp();
    const headers = { 'idempotency-key': 'k1' };
    const ids = await Promise.all(Array.from({ length: 50 }, async () => ((await (await post('/v1/swarms', { objective }, headers)).json()) as { swarmId: string }).swarmId));
    expect([new Set(ids).size, swarms.started.length]).toEqual([1, 1]);
    const other = await post('/v1/swarms', { objective: 'Another' }, headers);
    expect([other.status, await problemOf(other)]).toEqual([422, 'idempotency_mismatch']);
  });
});

describe('bad input is a problem document, starts nothing and is never a 5xx', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  test.each<readonly [string, unknown, number]>([
    ['a wrong type', { objective: 7 }, 400],
    ['an unknown field', { objective, nonsense: true }, 400],
    ['an empty objective', { objective: ' ' }, 400],
    ['an objective of 1 MB', { objective: 'x'.repeat(1024 * 1024 - 100) }, 400],
    ['a binary objective', { objective: 'a\u0000b' }, 400],
    ['a lone surrogate', '{"objective":"a\\ud800b"}', 400],
    ['10,000 levels', `{"objective":${deep}}`, 400],
    ['__proto__', '{"objective":"x","__proto__":{"polluted":1}}', 400],
    ['NaN', '{"objective":"x","maxAgents":NaN}', 400],
    ['broken JSON', '{"objective":', 400],
    ['no body', undefined, 400],
    ['an array', [], 400],
    ['null', null, 400],
    ['10 MB', { objective: 'x'.repeat(10 * 1024 * 1024) }, 413],
    ['0 agents', { objective, maxAgents: 0 }, 400],
    ['-1 agents', { objective, maxAgents: -1 }, 400],
    ['1e9 agents', { objective, maxAgents: 1e9 }, 400],
    ['an unknown topology', { objective, topology: 'ring' }, 400],
    ['a region that is no name', { objective, topology: 'distributed', regions: ['EU West'] }, 400],
    ['a region twice', { objective, topology: 'distributed', regions: ['eu', { name: 'eu', cost: 2 }] }, 400],
    ['a region for nothing', { objective, topology: 'distributed', regions: [{ name: 'eu', cost: 0 }] }, 400],
    ['an unknown model', { objective, model: 'nope' }, 400],
    ['an unknown role', { objective, agents: ['nobody'] }, 400],
    [
      'a cycle',
      {
        objective,
        tasks: [
          { id: 'a', title: 'a', dependsOn: ['b'] },
          { id: 'b', title: 'b', dependsOn: ['a'] },
        ],
      },
      400,
    ],
  ])('%s', async (_, body, status) => {
    const { post, swarms } = setUp();
    const response = await post('/v1/swarms', body);
    expect([response.status, await problemOf(response)]).toEqual([status, status === 413 ? 'limit_exceeded' : 'invalid_input']);
    expect(swarms.started).toEqual([]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
  test.each([
    ['POST', '/v1/swarms/swarm-x', 405],
    ['DELETE', '/v1/swarms', 405],
    ['GET', '/v1/swarms/swarm-x/cancel', 405],
    ['GET', '/nowhere', 404],
    ['GET', '/v1/swarms/swarm-unknown', 404],
    ['GET', '/v1/swarms/swarm-unknown/events', 404],
    ['GET', '/v1/swarms/swarm-unknown/result', 404],
    ['GET', '/v1/swarms/..%2F..%2Fetc', 400],
    ['GET', '/v1/swarms?limit=0', 400],
    ['GET', '/v1/swarms?limit=x', 400],
    ['POST', '/v1/swarms/swarm-unknown/pause', 404],
  ])('%s %s', async (method, path, status) => {
    const response = await setUp().send(method, path, method === 'POST' ? {} : undefined);
    await problemOf(response);
    expect([response.status, response.headers.get('allow') !== null]).toEqual([status, status === 405]);
  });
  test('another content type is 415', async () => {
    const response = await setUp().post('/v1/swarms', 'objective: x', { 'content-type': 'text/yaml' });
    expect([response.status, await problemOf(response)]).toEqual([415, 'invalid_input']);
  });
  test('a foreign Host or Origin is refused: no page of another site speaks to us', async () => {
    const { app, post } = setUp();
    for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
      const response = await post('/v1/swarms', { objective }, headers);
      expect([response.status, await problemOf(response)]).toEqual([403, 'forbidden']);
    }
    expect((await app.request('/health', { headers: { host: '127.0.0.1:3000', origin: 'http://localhost:3000' } })).status).toBe(200);
  });
  property.prop(
    [
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom('/v1/swarms', '/v1/swarms/swarm-x/steer', '/v1/swarms/swarm-x/tasks', '/v1/swarms/swarm-x/budget', '/v1/swarms/swarm-x/cancel'),
    ],
    { numRuns: 300 },
  )('whatever JSON is sent', async (body, path) => {
    const response = await setUp().post(path, body);
    expect(response.status).toBeLessThan(500);
  });
});

test('only this machine may be bound to, and a port that is taken is a conflict', async () => {
  const { app } = setUp();
  for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com']) expect(() => serveApi({ app, host, port: 0 })).toThrow(expect.objectContaining({ code: 'forbidden' }));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  await expect(serveApi({ app, host: '127.0.0.1', port: (taken.address() as AddressInfo).port })).rejects.toMatchObject({
    code: 'conflict',
    fix: expect.stringContaining('CF_API_PORT'),
  });
  taken.close();
});
