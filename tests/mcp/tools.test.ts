import { spawn } from 'node:child_process';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { expect, test } from 'vitest';
import { createMcpServer } from '../../mcp/server.js';
import { createFakeSwarms, type FakeSwarms } from '../helpers/fake-swarms.js';
import { CF } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';

const connect = async (swarms: FakeSwarms = createFakeSwarms()) => {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test', version: '0' });
  await Promise.all([createMcpServer({ swarms, version: '9.9.9' }).connect(theirs), client.connect(ours)]);
  const call = async (name: string, given: Record<string, unknown> = {}) => {
    const { isError = false, structuredContent, content } = await client.callTool({ name, arguments: given });
    return { isError, document: structuredContent as Record<string, unknown>, text: (content as { text: string }[])[0]?.text ?? '' };
  };
  return { client, call, swarms };
};

test('six tools with input and output schemas and hints, in at most 4,000 tokens', async () => {
  const { tools } = await (await connect()).client.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual(['swarm_cancel', 'swarm_list', 'swarm_result', 'swarm_start', 'swarm_status', 'swarm_wait']);
  expect(tools.every(({ outputSchema, annotations, description }) => outputSchema && annotations && description)).toBe(true);
  // Four characters a token, the usual estimate for English and JSON.
  expect(JSON.stringify(tools).length / 4).toBeLessThanOrEqual(4_000);
});

test('a swarm is started by one client and collected by another that knows its id', async () => {
  const first = await connect();
  const { document } = await first.call('swarm_start', { objective: 'Do it', idempotencyKey: 'k' });
  expect(document).toMatchObject({ created: true });
  await first.client.close();
  const { call } = await connect(first.swarms);
  const { swarmId } = document;
  expect((await call('swarm_start', { objective: 'Do it', idempotencyKey: 'k' })).document).toMatchObject({ swarmId, created: false });
  expect((await call('swarm_wait', { swarmId, timeoutSeconds: 1 })).document).toMatchObject({ swarmId, status: 'completed', ended: true });
  expect((await call('swarm_status', { swarmId })).document).toMatchObject({ swarmId, tasks: [{ status: 'succeeded' }, { status: 'succeeded' }] });
  expect((await call('swarm_result', { swarmId })).document).toEqual({ swarmId, text: 'The answer.', nextOffset: null, totalChars: 11 });
  expect((await call('swarm_result', { swarmId, taskId: 't1' })).document).toMatchObject({ text: 'Output of t1.' });
  expect((await call('swarm_list')).document).toMatchObject({ swarms: [{ swarmId, status: 'completed' }], nextCursor: null });
});

test('a long result comes in pages that make the whole', async () => {
  const long = Array.from({ length: 30_000 }, (_, i) => String(i % 10)).join('');
  const { call } = await connect(createFakeSwarms({ result: long }));
  const { swarmId } = (await call('swarm_start', { objective: 'Long' })).document;
  let text = '';
  for (let offset: unknown = 0; offset !== null; ) {
    const { document } = await call('swarm_result', { swarmId, offset, maxChars: 7_000 });
    text += String(document['text']);
    offset = document['nextOffset'];
  }
  expect(text).toBe(long);
});

test('waiting for a swarm that goes on ends with its state; cancel ends it once', async () => {
  const { call } = await connect(createFakeSwarms({ autoplay: false }));
  const { swarmId } = (await call('swarm_start', { objective: 'Slow' })).document;
  expect((await call('swarm_wait', { swarmId, timeoutSeconds: 1 })).document).toMatchObject({ status: 'running', ended: false });
  expect((await call('swarm_cancel', { swarmId })).document).toEqual({ swarmId });
  expect(await call('swarm_cancel', { swarmId })).toMatchObject({ isError: true, text: expect.stringMatching(/^conflict: [\s\S]*\nWhy: [\s\S]*\nFix: /) });
});

test.each<readonly [string, Record<string, unknown>]>([
  ['swarm_start', {}],
  ['swarm_start', { objective: '' }],
  ['swarm_start', { objective: 'a\u0000b' }],
  ['swarm_start', { objective: 'x', maxAgents: 0 }],
  ['swarm_start', { objective: 'x', model: 'nope' }],
  ['swarm_start', { objective: 'x', agents: ['nobody'] }],
  ['swarm_status', { swarmId: '../etc' }],
  ['swarm_status', { swarmId: 'swarm-unknown' }],
  ['swarm_wait', { swarmId: 'swarm-unknown', timeoutSeconds: 9_999 }],
  ['swarm_result', { swarmId: 'swarm-unknown', offset: -1 }],
])('%s with %j is an error that the model can act on, and starts nothing', async (name, given) => {
  const { call, swarms } = await connect();
  const { isError, text } = await call(name, given);
  expect([isError, text.length > 10, /\n\s+at /.test(text)]).toEqual([true, true, false]);
  expect(swarms.started).toEqual([]);
});

test('over stdio nothing but protocol is written to standard output, and the end of input ends it', { timeout: 30_000 }, async () => {
  const home = tempFolder();
  const child = spawn(process.execPath, [CF, 'mcp', '--stdio'], {
    cwd: home,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, CF_HOME: home, CF_LOG_LEVEL: 'debug' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let out = '';
  const answered = new Promise<void>((resolve) =>
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.split('\n').length > 2) resolve();
    }),
  );
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } } });
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' });
  await answered;
  child.stdin.end();
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  const messages = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { jsonrpc: string; id: number });
  expect(messages.map(({ jsonrpc, id }) => [jsonrpc, id])).toEqual([
    ['2.0', 1],
    ['2.0', 2],
  ]);
});
