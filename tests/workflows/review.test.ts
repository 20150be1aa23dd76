import { expect, test } from 'vitest';
import { engineSuite } from '../helpers/engine-suite.js';

const refusal = { verdict: 'revise', findings: [{ severity: 'major', reason: 'it is too short', fix: 'write more' }] };
const suite = engineSuite(({ call }) => {
  if (call.startsWith('never/review') || call === 'once/review/1') return refusal;
  if (call === 'cut/answer/1') return '{"summary": "cut off in the mid';
  if (call.startsWith('prose/answer')) return 'Here is my answer: all is well.';
  return undefined;
});
const run = (id: string, more: object = {}) => suite.engine().run({ tasks: [{ id, title: `Do ${id}`, role: 'researcher' }], ...more });
const prompt = (swarmId: string, call: string) => suite.model().requests.find(({ key }) => key === `${swarmId}/${call}`)?.prompt;

test('a refused answer is revised once, with the findings before the author', async () => {
  const { swarmId, status, tasks } = await run('once');
  expect([status, tasks[0]]).toMatchObject(['completed', { status: 'succeeded', attempts: 2, disputed: false }]);
  expect(prompt(swarmId, 'once/answer/2')).toContain('it is too short');
  expect(tasks[0]?.output).toContain('once/answer/2');
});

test('refused again, the result stands and is marked disputed with the findings', async () => {
  const { swarmId, status, tasks } = await run('never');
  expect([status, tasks[0]]).toMatchObject(['completed', { status: 'succeeded', disputed: true }]);
  const settled = (await suite.events(swarmId)).find(({ type }) => type === 'task.succeeded');
  expect(settled?.data).toMatchObject({ disputed: true, findings: expect.stringContaining('it is too short') });
});

test('with strict, a result that is refused twice fails its task', async () => {
  const view = await run('never', { strict: true });
  expect(view).toMatchObject({ status: 'failed', tasks: [{ status: 'failed', failure: expect.stringContaining('refused by its reviewer twice') }] });
});

test('an answer that breaks its schema is asked for again once', async () => {
  const { swarmId, status } = await run('cut');
  expect(status).toBe('completed');
  expect(prompt(swarmId, 'cut/answer-repair/1')).toContain('Why it can not be used');
  expect((await suite.events(swarmId)).some(({ type, data }) => type === 'call.settled' && String(data['broken']).includes('not JSON'))).toBe(true);
});

test('an answer that stays broken is provider_rejected and its text is kept', async () => {
  const view = await run('prose');
  expect(view).toMatchObject({ status: 'failed', tasks: [{ status: 'failed' }] });
  const failed = (await suite.events(view.swarmId)).find(({ type }) => type === 'task.failed');
  expect(failed?.data).toMatchObject({ code: 'provider_rejected' });
  const kept = (await suite.events(view.swarmId)).findLast(({ type }) => type === 'call.settled')?.data['text'] as { hash: string };
  expect(await suite.engine().storage.blobs.get(kept.hash)).toBe('Here is my answer: all is well.');
  expect(view.usage.modelCalls).toBe(2);
});
