import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import { loadDataConverter } from '../../temporal/codec.js';
import { deflateCodec } from '../../temporal/deflate-codec.js';
import { engineSuite } from '../helpers/engine-suite.js';

// Read by every client and worker of this file when it connects.
process.env['CF_PAYLOAD_CODEC'] = join(packageRoot, 'tests', 'helpers', 'xor-codec.mjs');
const suite = engineSuite(() => undefined);

test('with a payload codec a swarm runs, is listed and shown, and its texts are not in history in clear', async () => {
  const objective = 'A confidential objective';
  const view = await suite.engine().run({ objective });
  expect(view).toMatchObject({ status: 'completed', objective });
  const { swarms } = await suite.engine().swarms.list();
  expect(swarms.map((item) => item.objective)).toEqual([objective]);
  const { events } = await suite.server().client.workflow.getHandle(view.swarmId).fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const bytes = Buffer.concat([...(started?.input?.payloads ?? []), ...Object.values(started?.memo?.fields ?? {})].map(({ data }) => Buffer.from(data ?? [])));
  expect(bytes.length).toBeGreaterThan(1_000);
  expect(bytes.includes(objective)).toBe(false);
});

test('a codec module that is missing or exports nothing is refused with its path', async () => {
  await expect(loadDataConverter({ CF_PAYLOAD_CODEC: '/nonexistent/codec.mjs' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('/nonexistent/codec.mjs'),
  });
  await expect(loadDataConverter({ CF_PAYLOAD_CODEC: join(packageRoot, 'dist', 'domain', 'names.js') })).rejects.toMatchObject({
    code: 'invalid_input',
    why: expect.stringContaining('payloadCodecs'),
  });
  expect(await loadDataConverter({})).toEqual({ payloadCodecs: [deflateCodec] });
});

describe('deflateCodec', () => {
  const payload = (text: string) => ({ metadata: { encoding: Buffer.from('json/plain'), messageType: Buffer.from('kept') }, data: Buffer.from(text) });
  const large = JSON.stringify({ tasks: Array.from({ length: 500 }, (_, id) => ({ id, title: 'a task that is much like the others' })) });
  const encodingOf = (one: Payload | undefined): string => Buffer.from(one?.metadata?.['encoding'] ?? []).toString();
  test('what is large becomes small and comes back as it was', async () => {
    const [small] = await deflateCodec.encode([payload(large)]);
    expect([encodingOf(small), (small?.data?.length ?? 0) < large.length / 5]).toEqual(['binary/deflate', true]);
    const [back] = await deflateCodec.decode(small ? [small] : []);
    expect([Buffer.from(back?.data ?? []).toString(), encodingOf(back), Object.keys(back?.metadata ?? {}).sort()]).toEqual([large, 'json/plain', ['encoding', 'messageType']]);
  });
  test.each([
    ['a small one', '{"a":1}'],
    ['a start input, which people read', `{"swarmId":"swarm-1","objective":"${'x'.repeat(20_000)}"}`],
    ['what does not get smaller', randomBytes(20_000).toString('latin1')],
  ])('%s is left alone', async (_, text) => {
    const data = Buffer.from(text, 'latin1');
    expect(await deflateCodec.encode([{ ...payload(''), data }])).toEqual([{ ...payload(''), data }]);
    expect(await deflateCodec.decode([{ ...payload(''), data }])).toEqual([{ ...payload(''), data }]);
  });
  test('a start input with thousands of tasks is deflated', async () => {
    const [small] = await deflateCodec.encode([payload(`{"swarmId":"swarm-1","objective":"${'x'.repeat(300_000)}"}`)]);
    expect(encodingOf(small)).toBe('binary/deflate');
  });
  test('a payload that would fill the memory is refused', async () => {
    const bomb = deflateRawSync(Buffer.alloc(65 * 1024 * 1024));
    await expect(deflateCodec.decode([{ metadata: { encoding: Buffer.from('binary/deflate'), 'cf-encoding': Buffer.from('json/plain') }, data: bomb }])).rejects.toThrow(
      /larger than/,
    );
  });
});
