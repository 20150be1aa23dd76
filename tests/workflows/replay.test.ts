import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import { deflateCodec } from '../../temporal/deflate-codec.js';

const folder = join(packageRoot, 'tests', 'histories');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
const load = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { workflowId: string; history: unknown };
const bundle = readFileSync(join(packageRoot, 'dist', 'workflow-bundle.js'), 'utf8');
const replay = (code: string, name: string): Promise<unknown> => {
  const { workflowId, history } = load(name);
  return Worker.runReplayHistory({ workflowBundle: { code }, dataConverter: { payloadCodecs: [deflateCodec] } }, history as never, workflowId);
};

describe('histories that released versions recorded replay on this one', () => {
  test.each(files)('%s', async (name) => {
    await replay(bundle, name);
  });
  test('there is at least one history of every outcome', () => {
    const outcomes = new Set(files.map((name) => name.split('/').at(-1)?.split('.')[0]));
    for (const outcome of [
      'completed',
      'replanned',
      'revised',
      'disputed',
      'strict',
      'repaired',
      'failed',
      'budget',
      'cancelled',
      'deadline',
      'paused-steered',
      'queen-replaced',
      'continued',
      'voted',
      'voted-down',
      'voted-strict',
      'voted-tasks',
      'no-quorum',
      'evidence',
      'retried',
      'given-up',
      'split',
      'added',
      'raised',
      'hierarchical',
      'hierarchical-voted',
      'hierarchical-planned',
      'hierarchical-failed',
      'hierarchical-budget',
      'hierarchical-cancelled',
      'manager-replaced',
      'switched-from-queen',
      'switched-from-hierarchical',
      'switched-mesh-queen',
      'switched-hierarchical-mesh',
      'mesh',
      'elders',
      'asked',
      'hierarchical-asked',
      'mesh-asked',
      'distributed-asked',
      'hierarchical-places',
      'mesh-voted',
      'mesh-voted-down',
      'mesh-failed',
      'mesh-budget',
      'mesh-cancelled',
      'mesh-stolen',
      'mesh-merged',
      'written',
      'compensated',
      'learned',
      'hierarchical-learned',
      'peer-lost',
      'distributed',
      'distributed-voted',
      'distributed-failed',
      'distributed-budget',
      'distributed-cancelled',
      'region-lost',
    ])
      expect(outcomes).toContain(outcome);
  });
});

describe('a change of commands is caught', () => {
  const anyOf = (prefix: string): string => files.find((name) => name.split('/').at(-1)?.startsWith(prefix)) ?? '';
  /** Text in the bundle, what replaces it, and a history that must notice. */
  const planted: readonly (readonly [string, string | RegExp, string, string])[] = [
    [
      'texts stored twice',
      'state.texts = await storeTexts(textsOf(input));',
      'state.texts = await storeTexts(textsOf(input)); await storeTexts(textsOf(input));',
      'completed.root',
    ],
    ['a timer before the plan', 'data: { memories: 0 } });', `data: { memories: 0 } }); await ${/[\w$]+\.sleep(?=\(Math)/.exec(bundle)?.[0] ?? ''}(1);`, 'completed.root'],
    ['another name of a child', '`${swarmId}/${topology}-${term}`', '`${swarmId}/leader-${term}`', 'completed.root'],
    ['search attributes not written at the end', /[\w$]+\.upsertSearchAttributes\(\{ CfStatus: \[status\][^;]*;/, ';', 'completed.root'],
    ['the outcome is not recorded', /, recordOutcome\([^;]*\]\);/, ']);', 'completed.root'],
    ['another activity', '.callModel({', '.askModel({', 'completed.queen'],
    ['no review', 'if (!input.review)', 'if (true)', 'completed.queen'],
    ['aggregation left out', /await [^;]*aggregate\)\(coordinator[^;]*/, '{ resultText: null, refusal: null }', 'completed.queen'],
    ['one task at a time', 'slots: () => input.maxAgents', 'slots: () => 1', 'by-hand.queen'],
    ['no vote on the outcome', 'const isVoted = ', 'const isVoted = false && ', 'voted.queen'],
    ['files not written', 'workspace && files !== undefined ?', 'false ?', 'written.queen'],
    ['changes not undone', 'standing.filter((key) => !kept.has(key))', '[]', 'compensated.root'],
    ['evidence not looked up', 'claims.length === 0 ?', 'true ?', 'evidence.queen'],
    ['another name of a manager', '`${parentId}/manager-${domain}', '`${parentId}/boss-${domain}', 'hierarchical.hierarchical'],
    ['other managers not told', 'if (open.size === 0)', 'if (true)', 'hierarchical.manager-research'],
    ['another name of a peer', '`${parentId}/${peer}', '`${parentId}/twin-${peer}', 'mesh.mesh'],
    ['a mesh merges by itself', 'asked.add(name);', 'break;', 'mesh-merged.mesh'],
    ['another name of a region', '`${parentId}/region-${region}', '`${parentId}/place-${region}', 'distributed.distributed'],
    ['regions told nothing', 'keys.length === 0 ? []', 'true ? []', 'distributed.distributed'],
    ['a lost region not fenced', 'await fence(', 'await Promise.resolve(', 'region-lost.distributed'],
    ['no signature', /await signVote\(/, 'String(', 'mesh-voted.peer'],
    ['one call too many', 'round === ROUNDS || judged.kind', 'round > ROUNDS || judged.kind', 'strict.queen'],
  ];
  test.each(planted)('%s', async (_, from, to, history) => {
    const mutated = bundle.replace(from, () => to);
    expect(mutated).not.toBe(bundle);
    await expect(replay(mutated, anyOf(history))).rejects.toThrow(/[Nn]ondeterminism|DeterminismViolation/);
  });
});
