import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MODELS, pickModel } from '../../domain/choose-model.js';
import { CONTRACTS, type Schema } from '../../domain/contracts.js';
import { loadOf, openPool, releaseAgent, roleOfAgent, selectReviewer, selectRole, takeAgent } from '../../domain/selection.js';

const role = (name: string, capabilities: string[] = [], craft = 'coding') => ({ name, craft, description: `A ${name}.`, capabilities });
const roster = [role('queen', ['leading'], 'coordination'), role('coder', ['code', 'typescript']), role('tester', ['tests'], 'testing'), role('reviewer', ['review'], 'review')];
const idle = new Map<string, number>();

describe('selection', () => {
  test('the named role wins, else the best capability, else the least loaded; the reason says which', () => {
    expect(selectRole({ title: 'anything', role: 'tester' }, roster, idle)).toEqual({ role: 'tester', reason: 'named by the plan' });
    expect(selectRole({ title: 'Write typescript code', role: null }, roster, idle)).toMatchObject({ role: 'coder', reason: expect.stringMatching(/capability \(score [1-9]/) });
    expect(
      selectRole(
        { title: '…', role: null },
        roster,
        new Map([
          ['coder', 3],
          ['reviewer', 1],
        ]),
      ),
    ).toMatchObject({ role: 'tester' });
  });
  property.prop([fc.string(), fc.option(fc.string()), fc.shuffledSubarray(roster, { minLength: 1 }), fc.dictionary(fc.constantFrom('coder', 'tester'), fc.nat({ max: 9 }))])(
    'always names a role of the roster, the same for the same question',
    (title, named, some, load) => {
      const pick = () => selectRole({ title, role: named }, some, new Map(Object.entries(load)));
      expect(some.map(({ name }) => name)).toContain(pick().role);
      expect(pick()).toEqual(pick());
    },
  );
  test('coordination takes tasks only when nobody else is there', () => {
    expect(selectRole({ title: 'leading', role: null }, roster, idle).role).not.toBe('queen');
    expect(selectRole({ title: 'leading', role: null }, roster.slice(0, 1), idle).role).toBe('queen');
  });
  test('a reviewer is another role where there is one', () => {
    expect(selectReviewer('coder', roster).role).toBe('reviewer');
    expect(selectReviewer('coder', roster.slice(0, 3)).role).toBe('tester');
    expect(selectReviewer('coder', [role('coder')])).toMatchObject({ role: 'coder', reason: expect.stringContaining('one role only') });
  });
  property.prop([fc.array(fc.boolean(), { maxLength: 60 })])('no agent is given out twice, and numbers stay low', (steps) => {
    const pool = openPool();
    const held: string[] = [];
    for (const take of steps) {
      const id = take ? takeAgent(pool, 'coder') : null;
      if (id !== null) {
        expect(held).not.toContain(id);
        held.push(id);
        expect(Number(id.split('-').at(-1))).toBeLessThanOrEqual(held.length);
      } else if (held.length > 0) releaseAgent(pool, held.shift() ?? '');
    }
  });
});

describe('the order of choice of a model', () => {
  const nothing = { asked: null, anthropicKey: false, openaiKey: false, localServer: null };
  test.each([
    [
      'what was asked for, before everything',
      { asked: { ref: 'openai/x', from: 'CF_MODEL' }, anthropicKey: true, openaiKey: true, localServer: { name: 'Ollama', model: 'm' } },
      'openai/x',
    ],
    ['an Anthropic key', { ...nothing, anthropicKey: true, openaiKey: true }, DEFAULT_MODELS.anthropic],
    ['an OpenAI key', { ...nothing, openaiKey: true, localServer: { name: 'Ollama', model: 'm' } }, DEFAULT_MODELS.openai],
    ['a local server', { ...nothing, localServer: { name: 'Ollama', model: 'm' } }, 'compat/m'],
    ['else the embedded model', nothing, DEFAULT_MODELS.local],
  ])('%s', (_, facts, ref) => {
    expect(pickModel(facts)).toMatchObject({ ref, reason: expect.stringMatching(/./) });
  });
  property.prop([
    fc.record({
      asked: fc.constant(null),
      anthropicKey: fc.boolean(),
      openaiKey: fc.boolean(),
      localServer: fc.option(fc.record({ name: fc.string(), model: fc.string({ minLength: 1 }) })),
    }),
  ])('a simulated model is never chosen by itself', (facts) => {
    expect(pickModel(facts)).not.toMatchObject({ ref: expect.stringMatching(/^sim\//) });
  });
  test('a name without a provider is refused with an example', () => {
    expect(pickModel({ ...nothing, asked: { ref: 'gpt', from: '--model' } })).toMatchObject({
      refused: expect.stringContaining('provider/model'),
      fix: expect.stringContaining('--model'),
    });
  });
});

test('every output contract obeys the strict form: all properties required, no others', () => {
  const check = (schema: Schema): void => {
    if (schema.type === 'array') check(schema.items);
    if (schema.type !== 'object') return;
    expect([...schema.required].sort()).toEqual(Object.keys(schema.properties).sort());
    expect(schema.additionalProperties).toBe(false);
    for (const property of Object.values(schema.properties)) check(property);
  };
  for (const { schema } of Object.values(CONTRACTS)) check(schema);
});

test('the role of an agent is read from its id, wherever it is at work', () => {
  expect(['coder-1', 'code-analyst-12', 'coder-1@peer-2', 'coder-1@coding', 'planner'].map(roleOfAgent)).toEqual(['coder', 'code-analyst', 'coder', 'coder', 'planner']);
  const pool = openPool('@peer-2');
  expect([takeAgent(pool, 'coder'), takeAgent(pool, 'coder')]).toEqual(['coder-1@peer-2', 'coder-2@peer-2']);
  expect(loadOf(pool).get('coder')).toBe(2);
});
