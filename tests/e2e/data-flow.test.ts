import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SwarmEvent } from '../../domain/events.js';
import { openEngine, type Engine } from '../helpers/engine.js';
import { startHttpProvider, type HttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess, type Process } from '../helpers/processes.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer, type TestServer } from '../helpers/temporal.js';

let server: TestServer;
let provider: HttpProvider;
let engine: Engine;
let api: Process;
let worker: Process | null = null;
let env: Record<string, string> = {};
let url = '';

const startApi = async (): Promise<void> => {
  api = startProcess([CF, 'api', '--port', '0'], env);
  await vi.waitUntil(() => /http:\/\/127\.0\.0\.1:\d+/.test(api.output()), 20_000);
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(api.output())?.[0] ?? '';
};
const startWorker = (): Process => startProcess([CF, 'worker'], env);
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

beforeAll(async () => {
  server = await startTestServer();
  provider = await startHttpProvider({ latencyMs: () => 20 });
  const home = tempFolder();
  engine = openEngine(server, { home, model: 'compat/x' });
  env = { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url, CF_MODEL: 'compat/x' };
  await startApi();
});
afterAll(async () => {
  for (const process of [api, worker]) {
    process?.child.kill('SIGTERM');
    await process?.exited;
  }
  engine.close();
  await provider.close();
  await server.stop();
});

test('without a worker the API is alive but not ready; with one it is', async () => {
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/ready`)).status).toBe(503);
  worker = startWorker();
  await vi.waitUntil(async () => (await fetch(`${url}/ready`)).status === 200, { timeout: 20_000, interval: 100 });
});

test('one request is followed through all thirteen steps by its trace id', async () => {
  const traceId = 'c0ffee'.padEnd(32, '0');
  // E1 submit, E2 validate: an unknown field is refused, the request is accepted.
  expect((await post('/v1/swarms', { objective: 'Follow me', nonsense: 1 })).status).toBe(400);
  const accepted = await post('/v1/swarms', { objective: 'Follow me', votes: 'none' }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  expect(accepted.status).toBe(202);
  const { swarmId } = (await accepted.json()) as { swarmId: string };
  expect(accepted.headers.get('location')).toBe(`/v1/swarms/${swarmId}`);
  // E13 respond.
  const result = (await (await fetch(`${url}/v1/swarms/${swarmId}/result?wait=30s`)).json()) as { status: string; result: string };
  expect(result).toMatchObject({ status: 'completed', result: expect.stringContaining(`${swarmId}/swarm/aggregate/1`) });

  // E3 the orchestrator has it: input and memo of the root workflow.
  const handle = server.client.workflow.getHandle(swarmId);
  const history = await handle.fetchHistory();
  const input = JSON.parse(Buffer.from(history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data ?? []).toString()) as { traceId: string };
  expect(input.traceId).toBe(traceId);
  expect((await handle.describe()).memo).toMatchObject({ traceId });
  const view = await engine.swarms.show(swarmId);
  expect(view.traceId).toBe(traceId);

  const events: SwarmEvent[] = [];
  for await (const event of engine.swarms.events(swarmId)) events.push(event);
  const first = (type: string, taskId?: string) => events.findIndex((event) => event.type === type && (taskId === undefined || event.taskId === taskId));
  expect(events[0]?.data).toMatchObject({ traceId });
  // E4 tasks created, E5–E7 an agent requested, selected with a reason, assigned.
  expect(events[first('plan.accepted')]?.data).toMatchObject({ tasks: 2, by: 'planner' });
  const assigned = events[first('task.assigned', 't1')];
  expect(assigned).toMatchObject({ agentId: 'researcher-1', data: { reason: expect.stringMatching(/./) } });
  // E8 memory is read (a pass-through in this version), before the plan; E9 executed, E10 stored, E11 reported, E12 complete, in this order.
  const order = [
    first('swarm.started'),
    first('swarm.recalled'),
    first('plan.accepted'),
    first('task.assigned', 't1'),
    first('task.answered', 't1'),
    first('task.reviewed', 't1'),
    first('task.succeeded', 't1'),
    first('aggregate.started'),
    first('result.aggregated'),
    first('swarm.ended'),
  ];
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order[0]).toBe(0);
  const output = events[first('task.answered', 't1')]?.data['output'] as { hash: string };
  expect(await engine.storage.blobs.get(output.hash)).toBe(await engine.swarms.output(swarmId, 't1'));

  // Every request to the provider carries the trace id, and there is exactly one for each call.
  const calls = [...provider.calls.values()].filter(({ key }) => key.startsWith(`${swarmId}/`));
  expect(calls.map(({ key }) => key.slice(swarmId.length + 1)).sort()).toEqual(['swarm/aggregate/1', 'swarm/plan/1', 't1/answer/1', 't1/review/1', 't2/answer/1', 't2/review/1']);
  expect(calls.every(({ requests, headers }) => requests === 1 && String(headers['traceparent']).includes(traceId))).toBe(true);
  expect(view.usage.modelCalls).toBe(calls.length);
});

test('R2: 200 submits while the API is killed -9 again and again: the same key finds the same run, 200 submits are 200 runs', { timeout: 240_000 }, async () => {
  const body = { objective: 'Once only', review: false, tasks: [{ id: 'a', title: 'Do a', role: 'researcher' }] };
  const runs = async (): Promise<number> => (await server.client.workflow.count('WorkflowType = "swarm"')).count;
  const before = await runs();
  const ids: string[] = [];
  let lostAnswers = 0;
  for (let round = 0; round < 10; round += 1) {
    const keys = Array.from({ length: 20 }, (_, i) => `kill-${round}-${i}`);
    const submit = () => keys.map((key) => post('/v1/swarms', body, { 'idempotency-key': key }));
    let answers = 0;
    const first = submit().map((sent) => sent.then(() => (answers += 1)).catch(() => (lostAnswers += 1)));
    // Some are answered, some accepted and not answered, some not yet read.
    await vi.waitUntil(() => answers >= 1 + round, { timeout: 20_000, interval: 1 });
    await api.kill();
    await Promise.all(first);
    await startApi();
    for (const sent of submit()) {
      const again = await sent;
      expect(again.status).toBe(202);
      ids.push(((await again.json()) as { swarmId: string }).swarmId);
    }
  }
  expect(lostAnswers).toBeGreaterThan(20);
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) expect((await engine.end(id)).status).toBe('completed');
  await vi.waitUntil(async () => (await runs()) - before >= 200, { timeout: 20_000, interval: 200 });
  expect((await runs()) - before).toBe(200);
});

test('an MCP client that dies after the start is followed by one that collects the result by swarmId', { timeout: 60_000 }, async () => {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const connect = async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [CF, 'mcp', '--stdio'],
      env: { PATH: process.env['PATH'] ?? '', HOME: env['CF_HOME'] ?? '', ...env },
      cwd: env['CF_HOME'] ?? '/',
      stderr: 'ignore',
    });
    const client = new Client({ name: 'test', version: '0' });
    await client.connect(transport);
    return { client, transport };
  };
  const first = await connect();
  const started = await first.client.callTool({ name: 'swarm_start', arguments: { objective: 'Collected later' } });
  const { swarmId } = started.structuredContent as { swarmId: string };
  process.kill(first.transport.pid ?? 0, 'SIGKILL');
  const second = await connect();
  const waited = await second.client.callTool({ name: 'swarm_wait', arguments: { swarmId, timeoutSeconds: 40 } });
  expect(waited.structuredContent).toMatchObject({ swarmId, status: 'completed', ended: true });
  const result = await second.client.callTool({ name: 'swarm_result', arguments: { swarmId } });
  expect(result.structuredContent).toMatchObject({ text: expect.stringContaining(`${swarmId}/swarm/aggregate/1`), nextOffset: null });
  await second.client.close();
  await first.client.close().catch(() => undefined);
});
