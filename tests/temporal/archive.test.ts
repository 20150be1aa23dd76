import { expect, test } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { engineSuite } from '../helpers/engine-suite.js';
import { startTestServer } from '../helpers/temporal.js';

const long = 'All of it. '.repeat(6_000);
const suite = engineSuite(({ call }) => (call === 'swarm/aggregate/1' ? { text: long, claims: [] } : undefined));

test('a swarm whose history is gone stays listed and readable from the read model, and says so', async () => {
  const before = await suite.engine().run({ objective: 'To be forgotten' });
  expect(await suite.engine().swarms.result(before.swarmId)).toBe(long);
  // A server that has forgotten everything, and the read model of the machine that ran it.
  const forgetful = await startTestServer();
  const engine = openEngine(forgetful, { home: suite.server().home });
  try {
    const { swarms } = engine;
    expect(await swarms.show(before.swarmId)).toEqual({ ...before, result: long, source: 'archive', temporalUi: null });
    expect(await swarms.result(before.swarmId)).toBe(long);
    expect(await swarms.output(before.swarmId, 't1')).toContain('t1/answer/1');
    const events = [];
    for await (const event of swarms.events(before.swarmId)) events.push(event);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)?.type).toBe('swarm.ended');
    expect((await swarms.list()).swarms).toMatchObject([{ swarmId: before.swarmId, status: 'completed', source: 'archive' }]);
    await expect(swarms.cancel(before.swarmId)).rejects.toMatchObject({ code: 'conflict' });
  } finally {
    engine.close();
    await forgetful.stop();
  }
});

test('pages of a list follow one another without a gap or a double, over history and read model', async () => {
  const ids = [];
  for (let i = 0; i < 5; i += 1) ids.push((await suite.engine().run({ objective: `Page ${i}`, review: false })).swarmId);
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await suite.engine().swarms.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.swarms.map(({ swarmId }) => swarmId));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual(expect.arrayContaining(ids));
  await expect(suite.engine().swarms.list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(suite.engine().swarms.list({ status: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_input' });
});

test('the same key and command find the same swarm; another command under it is refused, also where only a task differs', async () => {
  const { swarms } = suite.engine();
  const command = { objective: 'Once', topology: 'queen', maxAgents: 2, strict: false, review: false, approve: 'never', voters: 4, tasks: [{ id: 'a', title: 'Do a' }] } as const;
  const started = await Promise.all(Array.from({ length: 20 }, () => swarms.start({ ...command, tasks: [...command.tasks] }, { idempotencyKey: 'k' })));
  expect(new Set(started.map(({ swarmId }) => swarmId)).size).toBe(1);
  expect(started.filter(({ created }) => created)).toHaveLength(1);
  await expect(swarms.start({ ...command, tasks: [{ id: 'a', title: 'Do another thing' }] }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
});
