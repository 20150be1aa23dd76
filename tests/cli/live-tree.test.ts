import { describe, expect, test } from 'vitest';
import { durationText, liveTree } from '../../cli/live-tree.js';
import { coloured } from '../../cli/paint.js';
import { widthOf } from '../../cli/safe-text.js';
import type { SwarmView, TaskView } from '../../temporal/views.js';

const task = (id: string, status: TaskView['status'], more: Partial<TaskView> = {}): TaskView => ({
  id,
  title: `Do ${id}`,
  role: 'coder',
  status,
  disputed: false,
  dependsOn: [],
  attempts: 1,
  agentId: null,
  output: null,
  outputHash: null,
  failure: null,
  ...more,
});

const view = (more: Partial<SwarmView> = {}): SwarmView => ({
  swarmId: 'swarm-1',
  disputed: false,
  workspace: null,
  effects: [],
  criticalPath: { tasks: [], durationMs: 0 },
  status: 'running',
  topology: 'queen',
  objective: 'Do it',
  model: 'openai/gpt-5-mini',
  modelReason: 'asked for',
  simulated: false,
  result: null,
  resultHash: null,
  tasks: [],
  votes: [],
  usage: { modelCalls: 3, inputTokens: 1200, outputTokens: 340, costUsd: 0.0123 },
  budget: { tokens: null, usd: null, calls: null },
  startedAt: '2026-01-02T03:04:05.000Z',
  endedAt: null,
  durationMs: 65_000,
  failure: null,
  temporalUi: null,
  phase: 'execute',
  traceId: 'a'.repeat(32),
  lastSeq: 9,
  source: 'history',
  ...more,
});

const tasks = [
  task('t1', 'succeeded', { agentId: 'coder-1', disputed: true }),
  task('t2', 'running', { agentId: 'coder-2', attempts: 2 }),
  task('t3', 'pending', { dependsOn: ['t1', 't2'] }),
  task('t4', 'failed', { failure: 'the model refused' }),
  task('t5', 'skipped', { failure: 't4 failed' }),
];

describe('liveTree', () => {
  test('shows where the swarm is, what it used and each task', () => {
    expect(liveTree(view({ tasks }), { columns: 80 })).toEqual([
      'swarm-1  running · execute · 1 of 5 tasks',
      '  1 min 05 s · openai/gpt-5-mini · 3 calls · 1200 + 340 tokens · $0.0123',
      '  ✔ t1  Do t1  coder-1 · disputed',
      '  ▶ t2  Do t2  coder-2 · attempt 2',
      '  · t3  Do t3  after t1, t2',
      '  ✖ t4  Do t4  the model refused',
      '  ↷ t5  Do t5  t4 failed',
    ]);
  });

  test('the clock of a running swarm goes on between reads, that of an ended one stands still', () => {
    expect(liveTree(view(), { columns: 80, since: 5_000 })[1]).toContain('1 min 10 s');
    expect(liveTree(view({ status: 'completed' }), { columns: 80, since: 5_000 })[1]).toContain('1 min 05 s');
  });

  test('an unknown price is said to be unknown, a budget is shown', () => {
    const line = liveTree(view({ usage: { modelCalls: 1, inputTokens: 1, outputTokens: 1, costUsd: null }, budget: { tokens: 5000, usd: 2, calls: null } }), { columns: 100 })[1];
    expect(line).toBe('  1 min 05 s · openai/gpt-5-mini · 1 calls · 1 + 1 tokens · cost unknown · budget 5000 tokens, $2');
  });

  test('a simulated swarm says so first', () => {
    expect(liveTree(view({ simulated: true, model: 'sim/echo' }), { columns: 80 })[0]).toMatch(/^SIMULATED {2}swarm-1/);
  });

  test('where there is no room, running and failed tasks stay and the rest is counted', () => {
    const many = [...Array.from({ length: 290 }, (_, i) => task(`d${i}`, 'succeeded')), task('live', 'running'), task('bad', 'failed'), task('next', 'ready')];
    const lines = liveTree(view({ tasks: many }), { columns: 80, rows: 8 });
    expect(lines).toHaveLength(8);
    expect(lines.join('\n')).toMatch(/live[\s\S]*bad[\s\S]*next[\s\S]*… and 288 more: 288 succeeded/);
  });

  test.each([10, 20, 40, 79, 200])('no line is wider than %i columns, whatever the text', (columns) => {
    const wide = [task('a-very-long-task-id-that-goes-on', 'running', { title: '並べ替え🚀'.repeat(60), agentId: 'researcher-12', failure: 'x'.repeat(300) })];
    for (const line of liveTree(view({ tasks: wide, simulated: true, model: 'sim/scripted' }), { columns })) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  test('control characters, colours and bidi overrides in texts are made visible', () => {
    const hostile = task('t1', 'failed', { title: '\u001b[2J\u001b]0;pwned\u0007Do\r it \u202edetrever', failure: 'a\nb\u009b31m', agentId: 'x\u0000' });
    const text = liveTree(view({ tasks: [hostile], model: 'm\u001b[31m' }), { columns: 200 }).join('\n');
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('␛[2J␛]0;pwned␇Do␍ it <U+202E>detrever');
  });

  test('colours change nothing but the colours', () => {
    const painted = liveTree(view({ tasks }), { columns: 80, paint: coloured });
    expect(painted.join('')).toContain('\u001b[32m');
    expect(painted.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(liveTree(view({ tasks }), { columns: 80 }));
  });
});

test('durations are written as people say them', () => {
  expect([0, 999, 9_999, 10_000, 59_999, 60_000, 3_599_000, 7_860_000, -5].map(durationText)).toEqual([
    '0.0 s',
    '0.9 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 00 s',
    '59 min 59 s',
    '2 h 11 min',
    '0.0 s',
  ]);
});
