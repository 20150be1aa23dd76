import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import { loadDataConverter } from '../../temporal/codec.js';
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
  expect(await loadDataConverter({})).toEqual({});
});
