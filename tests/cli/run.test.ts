import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { cli, startCli } from '../helpers/cli.js';
import { createFakeSwarms } from '../helpers/fake-swarms.js';
import { tempFolder } from '../helpers/temp-folder.js';

const objective = 'Compare three ways to sort a large file';

describe('cf run', () => {
  test('prints the id and the model on standard error, the result alone on standard output, and exits 0', async () => {
    const swarms = createFakeSwarms();
    const { code, out, err, needs, closed } = await cli(['run', objective], { swarms });
    expect(code).toBe(0);
    expect(out).toBe('The answer.\n');
    expect(err).toMatch(/Model openai\/gpt-5-mini: the default of this test[\s\S]*swarm-fake1 {2}http:[\s\S]*task\.succeeded[\s\S]*swarm\.ended[\s\S]*✔ swarm-fake1 completed/);
    expect(needs).toEqual(['nothing', 'started']);
    expect(closed).toBe(2);
    expect(swarms.started[0]?.command).toMatchObject({ objective, topology: 'queen', maxAgents: 8, review: true, strict: false, approve: 'never' });
  });

  test('every flag reaches the command', async () => {
    const swarms = createFakeSwarms();
    const workspace = tempFolder();
    const flags = [
      '--topology',
      'queen',
      '--max-agents',
      '3',
      '--agents',
      'coder, researcher',
      '--model',
      'openai/x',
      '--budget-usd',
      '1.5',
      '--budget-tokens',
      '9000',
      '--deadline',
      '15m',
      '--strict',
      '--no-review',
      '--approve',
      'never',
      '--workspace',
      workspace,
      '--votes',
      'tasks',
      '--voters',
      '7',
      '--vote-round',
      '45s',
      '--idempotency-key',
      'k1',
    ];
    const { code, err } = await cli(['run', objective, ...flags], { swarms });
    expect(code).toBe(0);
    expect(err).toContain('is changed before cf apply');
    expect(swarms.started[0]?.command).toEqual({
      objective,
      topology: 'queen',
      maxAgents: 3,
      agents: ['coder', 'researcher'],
      model: 'openai/x',
      budgetUsd: 1.5,
      budgetTokens: 9000,
      deadline: 900_000,
      strict: true,
      review: false,
      approve: 'never',
      votes: 'tasks',
      voters: 7,
      voteRound: 45_000,
      workspace,
    });
    expect(swarms.started[0]?.options).toEqual({ idempotencyKey: 'k1' });
  });

  test('--json prints exactly one document with the fields of contract.md', async () => {
    const run = await cli(['run', objective, '--json']);
    expect(run.code).toBe(0);
    expect(run.out.trim().split('\n')).toHaveLength(1);
    const view = run.json();
    expect(view).toMatchObject({
      swarmId: 'swarm-fake1',
      status: 'completed',
      topology: 'queen',
      objective,
      model: 'openai/gpt-5-mini',
      simulated: false,
      result: 'The answer.',
      votes: [],
      budget: { tokens: null, usd: null },
      failure: null,
    });
    expect(Object.keys(view)).toEqual(expect.arrayContaining(['tasks', 'usage', 'startedAt', 'endedAt', 'durationMs', 'temporalUi']));
  });

  test('--jsonl prints one event a line, numbered without gaps, the last one swarm.ended', async () => {
    const { code, out } = await cli(['run', objective, '--jsonl']);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; type: string; swarmId: string; at: string; data: object });
    expect(code).toBe(0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)?.type).toBe('swarm.ended');
    expect(events.every(({ swarmId, at, data }) => swarmId === 'swarm-fake1' && at.endsWith('Z') && typeof data === 'object')).toBe(true);
  });

  test('--detach prints the id and leaves at once; with --json as one document', async () => {
    const held = { swarms: createFakeSwarms({ autoplay: false }) };
    expect(await cli(['run', objective, '--detach'], held)).toMatchObject({ code: 0, out: 'swarm-fake1\n' });
    const run = await cli(['run', objective, '--detach', '--json'], held);
    expect(run.json()).toEqual({ swarmId: 'swarm-fake2', temporalUi: expect.stringContaining('swarm-fake2') });
  });

  test('--wait gives up with exit 8 and says how to re-attach', async () => {
    const run = await cli(['run', objective, '--wait', '20ms', '--json'], { swarms: createFakeSwarms({ autoplay: false }) });
    expect(run.code).toBe(8);
    expect(run.json()).toMatchObject({ status: 'running', result: null });
    expect(run.err).toContain('cf watch swarm-fake1');
  });

  test('Ctrl-C detaches with exit 130 and leaves the swarm running', async () => {
    const swarms = createFakeSwarms({ autoplay: false });
    const started = startCli(['run', objective], { swarms });
    await vi.waitUntil(() => swarms.followers() > 0);
    started.interrupt();
    const { code, err } = await started.done;
    expect(code).toBe(130);
    expect(err).toContain('Detached: swarm-fake1 goes on. Re-attach with: cf watch swarm-fake1');
    expect(swarms.messages).toEqual([]);
    expect((await swarms.show('swarm-fake1')).status).toBe('running');
  });

  test('--dry-run says what would be started and starts nothing', async () => {
    const swarms = createFakeSwarms();
    const people = await cli(['run', objective, '--dry-run'], { swarms });
    expect(people.out).toMatch(/Nothing was started[\s\S]*openai\/gpt-5-mini[\s\S]*researcher/);
    const run = await cli(['run', objective, '--dry-run', '--json'], { swarms });
    expect(run.json()).toMatchObject({ dryRun: true, model: 'openai/gpt-5-mini', tasks: null, command: { objective } });
    expect(run.needs).toEqual(['nothing']);
    expect(swarms.started).toEqual([]);
  });

  test('a second run with the same idempotency key finds the first; another request with it exits 9', async () => {
    const swarms = createFakeSwarms();
    const first = await cli(['run', objective, '--json', '--idempotency-key', 'k'], { swarms });
    const again = await cli(['run', objective, '--json', '--idempotency-key', 'k'], { swarms });
    expect(again.json()['swarmId']).toBe(first.json()['swarmId']);
    expect(again.err).toContain('found by its idempotency key');
    const other = await cli(['run', 'Something else', '--json', '--idempotency-key', 'k'], { swarms });
    expect(other.code).toBe(9);
    expect(other.json()).toMatchObject({ error: { code: 'idempotency_mismatch' } });
  });

  test.each([
    ['failed', null, 1],
    ['cancelled', null, 1],
    ['budget_exhausted', null, 6],
    ['failed', 'deadline_exceeded', 6],
    ['failed', 'unauthenticated', 4],
  ] as const)('a swarm that ends %s (%s) exits %i and still prints what was reached', async (status, failureCode, expected) => {
    const swarms = createFakeSwarms({ autoplay: false });
    const started = startCli(['run', objective], { swarms });
    await vi.waitUntil(() => swarms.followers() > 0);
    swarms.finish('swarm-fake1', { status, result: 'Half of it.', failure: failureCode && { code: failureCode, message: 'It went wrong.', why: 'Because.', fix: 'Mend it.' } });
    const { code, out, err } = await started.done;
    expect(code).toBe(expected);
    expect(out).toBe('Half of it.\n');
    expect(err).toContain(`✖ swarm-fake1 ${status}`);
    if (failureCode) expect(err).toMatch(new RegExp(`It went wrong\\.\\n  why:  Because\\.\\n  fix:  Mend it\\.\\n  code: ${failureCode}`));
  });

  test('a simulated model is labelled on every output', async () => {
    const people = await cli(['run', objective, '--model', 'sim/echo']);
    expect(people.out).toBe('[simulated by sim/echo: no model answered]\nThe answer.\n');
    expect(
      people.err
        .split('\n')
        .filter((line) => /\btask\./.test(line))
        .every((line) => line.includes('[simulated]')),
    ).toBe(true);
    expect((await cli(['run', objective, '--model', 'sim/echo', '--json'])).json()['simulated']).toBe(true);
    expect((await cli(['run', objective, '--model', 'sim/echo', '--dry-run'])).out).toContain('[simulated by sim/echo');
    expect((await cli(['run', objective, '--model', 'sim/echo'], { errTTY: true })).err).toContain('SIMULATED');
  });

  test('the embedded model is said to answer poorly', async () => {
    expect((await cli(['run', objective, '--model', 'local/smollm2-135m'])).err).toContain('answers poorly');
  });

  test('on a terminal the tree is drawn on standard error and the result alone goes to standard output', async () => {
    const { code, out, err } = await cli(['run', objective], { errTTY: true, env: { NO_COLOR: '1' } });
    expect(code).toBe(0);
    expect(out).toBe('The answer.\n');
    expect(err).toContain('✔ t1  Find out');
    expect(err).not.toContain('task.assigned');
  });

  test('--quiet leaves only the result', async () => {
    expect(await cli(['run', objective, '--quiet'])).toMatchObject({ code: 0, out: 'The answer.\n', err: '' });
  });

  test('a server that is restarted just as the swarm ends is waited for', async () => {
    const gone = () => new SwarmError({ code: 'unreachable', message: 'Temporal does not answer.' });
    const { code, out } = await cli(['run', objective], { swarms: createFakeSwarms({ showErrors: [gone(), gone()] }) });
    expect([code, out]).toEqual([0, 'The answer.\n']);
  });

  test('without a worker nothing is started and the exit is 5; --detach lets the swarm wait for one', async () => {
    const swarms = createFakeSwarms({ silentQueues: ['cf.models.openai'], autoplay: false });
    const refused = await cli(['run', objective, '--json'], { swarms });
    expect(refused.code).toBe(5);
    expect(refused.json()).toMatchObject({ error: { code: 'unreachable', message: 'No worker polls cf.models.openai.' } });
    expect(swarms.started).toEqual([]);
    const detached = await cli(['run', objective, '--detach'], { swarms });
    expect(detached.code).toBe(0);
    expect(detached.err).toContain('waits until one does');
  });

  test('a Temporal that can not be reached exits 5', async () => {
    const openError = new SwarmError({ code: 'unreachable', message: 'Temporal does not answer at nowhere:7233.', why: 'refused', fix: 'Check TEMPORAL_ADDRESS.' });
    expect(await cli(['run', objective], { openError })).toMatchObject({ code: 5, out: '', err: expect.stringContaining('code: unreachable') });
  });
});

describe('the objective', () => {
  test('is asked for on a terminal', async () => {
    const swarms = createFakeSwarms();
    expect((await cli(['run'], { swarms, interactive: true, answer: 'Typed in' })).code).toBe(0);
    expect(swarms.started[0]?.command.objective).toBe('Typed in');
  });
  test('is needed: exit 2 without a terminal, 3 with --no-input', async () => {
    expect(await cli(['run'])).toMatchObject({ code: 2, err: expect.stringContaining('There is no objective.') });
    const run = await cli(['run', '--no-input', '--json'], { interactive: true });
    expect(run.code).toBe(3);
    expect(run.json()).toMatchObject({ error: { code: 'input_required' } });
  });
  test.each([
    ['empty', ''],
    ['blank', ' \n\t'],
    ['1 MB', 'a'.repeat(1_000_000)],
    ['binary', 'a\u0000b'],
    ['not UTF-8', 'a\ufffdb'],
    ['with an escape sequence', 'a\u001b[31mb'],
  ])('%s is refused with exit 2', async (_, text) => {
    const swarms = createFakeSwarms();
    const run = await cli(['run', text, '--json'], { swarms });
    expect(run.code).toBe(2);
    expect(run.json()).toMatchObject({
      error: { code: 'invalid_input', message: 'The objective is not usable.', why: expect.stringMatching(/\S/), fix: expect.stringMatching(/\S/) },
    });
    expect(swarms.started).toEqual([]);
  });
});

describe('refused flags', () => {
  test.each([
    [['--agents', 'wizard'], 'There is no role "wizard"'],
    [['--topology', 'ring'], '--topology is not usable'],
    [['--regions', 'EU West'], '--regions is not usable'],
    [['--regions', 'eu,eu'], '--regions is not usable'],
    [['--regions', ','], '--regions is not usable'],
    [['--model', 'gpt'], 'There is no model "gpt"'],
    [['--agents', 'coder,wizard'], 'There is no role "wizard"'],
    [['--agents', ','], '--agents is not usable'],
    [['--max-agents', '0'], '--max-agents is not usable'],
    [['--max-agents', '-1'], '--max-agents is not usable'],
    [['--max-agents', '1e9'], '--max-agents is not usable'],
    [['--max-agents', 'many'], '--max-agents is not usable'],
    [['--max-agents', '1.5'], '--max-agents is not usable'],
    [['--budget-usd', '-1'], '--budget-usd is not usable'],
    [['--budget-tokens', 'NaN'], '--budget-tokens is not usable'],
    [['--deadline', 'soon'], '--deadline is not usable'],
    [['--wait', '0s'], '--wait is not usable'],
    [['--approve', 'writes'], '--approve writes is not possible yet'],
    [['--approve', 'sometimes'], '--approve is not usable'],
    [['--workspace', '/no/such/place'], 'The workspace /no/such/place is not usable'],
    [['--workspace', '/etc/hostname'], 'is not usable'],
    [['--frobnicate'], "Unknown option '--frobnicate'"],
    [['--max-agents'], 'argument missing'],
    [['surplus'], 'Too many arguments'],
    [['--json', '--jsonl'], '--json and --jsonl contradict each other'],
    [['--detach', '--wait', '5s'], '--detach and --wait contradict each other'],
    [['--detach', '--jsonl'], '--detach and --jsonl contradict each other'],
    [['--dry-run', '--detach'], '--dry-run and --detach contradict each other'],
    [['--dry-run', '--wait', '5s'], '--dry-run and --wait contradict each other'],
    [['-f', '/no/such/spec.yaml'], `/no/such/spec.yaml can't be read`],
  ])('%j', async (flags, message) => {
    const swarms = createFakeSwarms();
    const people = await cli(['run', objective, ...flags], { swarms });
    expect(people.code).toBe(2);
    if (flags.includes('--json') || flags.includes('--jsonl')) expect(people.json<{ error: { message: string } }>().error.message).toContain(message);
    else expect(people.err).toContain(message);
    expect(people.err).not.toMatch(/\n\s+at /);
    expect(swarms.started).toEqual([]);
  });
});

describe('-f spec.yaml', () => {
  const spec = `objective: ${objective}\nmaxAgents: 3\nreview: false\ntasks:\n  - id: a\n    title: First\n  - id: b\n    title: Second\n    dependsOn: [a]\n    timeout: 90s\n`;

  test('gives objective, settings and tasks; flags win over it', async () => {
    const file = join(tempFolder(), 'spec.yaml');
    writeFileSync(file, spec);
    const swarms = createFakeSwarms();
    expect((await cli(['run', '-f', file, '--max-agents', '4'], { swarms })).code).toBe(0);
    expect(swarms.started[0]?.command).toMatchObject({ objective, maxAgents: 4, review: false, tasks: [{ id: 'a' }, { id: 'b', dependsOn: ['a'], timeout: 90_000 }] });
  });

  test('- reads standard input, JSON too', async () => {
    const swarms = createFakeSwarms();
    expect((await cli(['run', '-f', '-'], { swarms, stdin: JSON.stringify({ objective }) })).code).toBe(0);
    expect(swarms.started[0]?.command.objective).toBe(objective);
  });

  test.each([
    ['a syntax error', 'objective: [a\nmaxAgents: 3\n', /line 2, column 1/],
    ['a duplicate key', 'objective: a\nobjective: b\n', /line 2, column 1/],
    ['an unknown key', 'objective: a\nmaxAgent: 3\n', /line 2, column 1: unknown key "maxAgent"/],
    ['an unknown key in a task', 'objective: a\ntasks:\n  - id: x\n    title: t\n    colour: red\n', /line 5, column 5: unknown key "colour"/],
    ['a wrong type', 'objective: a\nmaxAgents: "three"\n', /line 2, column 12: maxAgents is not usable/],
    ['a wrong type in a task', 'objective: a\ntasks:\n  - id: x\n    title: [1]\n', /line 4, column 12: tasks\.0\.title is not usable/],
    ['a missing title', 'objective: a\ntasks:\n  - id: x\n', /line 3, column 5/],
    ['no mapping', '- a\n- b\n', /line 1, column 1: a mapping is expected/],
    ['nothing', '', /a mapping is expected/],
    ['two documents', 'objective: a\n---\nobjective: b\n', /line 2/],
    ['an alias bomb', `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nobjective: [*c,*c,*c,*c,*c,*c,*c,*c]\n`, /can't be used/],
    ['binary', 'objective: "a\\0b"\n', /line 1, column 12: objective is not usable/],
    ['a cycle of tasks', 'objective: a\ntasks:\n  - {id: x, title: t, dependsOn: [y]}\n  - {id: y, title: t, dependsOn: [x]}\n', /circle/],
    ['a prototype', 'objective: a\n__proto__: {strict: true}\n', /unknown key "__proto__"|not usable/],
  ])('%s is refused with its place', async (_, text, expected) => {
    const run = await cli(['run', '-f', '-', '--json'], { stdin: text });
    expect(run.code).toBe(2);
    const { error } = run.json<{ error: { message: string; why: string } }>();
    expect(`${error.message} ${error.why}`).toMatch(expected);
  });

  test('two objectives with different texts contradict each other, the same text twice does not', async () => {
    expect(await cli(['run', 'Another', '-f', '-'], { stdin: spec })).toMatchObject({ code: 2, err: expect.stringContaining('given twice') });
    expect((await cli(['run', objective, '-f', '-'], { stdin: spec })).code).toBe(0);
  });
});

test('what can not run is said before anything is started', async () => {
  const { code, needs } = await cli(['run', objective, '--agents', 'wizard']);
  expect([code, needs]).toEqual([2, ['nothing']]);
});
