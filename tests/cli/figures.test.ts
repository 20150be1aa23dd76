import { expect, test } from 'vitest';
import { seqRanges } from '../../cli/figures.js';
import { startCommand } from '../../temporal/commands.js';
import { cli } from '../helpers/cli.js';
import { createFakeSwarms } from '../helpers/fake-swarms.js';

const ID = 'swarm-fake1';
const started = async () => {
  const swarms = createFakeSwarms();
  await swarms.start(startCommand.parse({ objective: 'Compare', budgetTokens: 9_000 }));
  return swarms;
};

test('cf show --sources names the events of every figure', async () => {
  const swarms = await started();
  const { out, code } = await cli(['show', ID, '--sources'], { swarms });
  expect(code).toBe(0);
  expect(out).toMatch(/^FIGURE +VALUE +EVENTS\n/);
  expect(out).toMatch(/^usage\.modelCalls +\d+ +\d/m);
  expect(out).toMatch(/^budget\.tokens +9000 +1$/m);
  expect(out).toMatch(/^budget\.usd +none +1$/m);
  expect(out).toMatch(/^startedAt +\d{4}-\d\d-\d\dT[\d:.]+Z +1$/m);
  const { figures } = (await cli(['show', ID, '--sources', '--json'], { swarms })).json() as { figures: { name: string; shown: number; events: number[] }[] };
  expect(figures.find(({ name }) => name === 'usage.modelCalls')).toMatchObject({
    shown: (await swarms.show(ID)).usage.modelCalls,
    events: expect.arrayContaining([expect.any(Number)]),
  });
});

test('a figure that its events do not give is a loud failure', async () => {
  const swarms = await started();
  const honest = swarms.figures;
  swarms.figures = async (id) => (await honest(id)).map((figure) => (figure.name === 'usage.modelCalls' ? { ...figure, shown: 99, agrees: false } : figure));
  const { code, out, err } = await cli(['show', ID, '--sources'], { swarms });
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/1 figure of swarm-fake1 can't be counted again[\s\S]*usage\.modelCalls is shown as 99, its events \([\d, -]+\) give \d+/);
});

test('an unknown swarm exits 7', async () => {
  expect(await cli(['show', 'swarm-none', '--sources'])).toMatchObject({ code: 7 });
});

test.each([
  [[], ''],
  [[4], '4'],
  [[1, 2, 3], '1-3'],
  [[1, 3, 4, 9], '1, 3-4, 9'],
])('%j reads %s', (seqs, text) => {
  expect(seqRanges(seqs)).toBe(text);
});
