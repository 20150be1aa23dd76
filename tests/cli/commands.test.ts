import { describe, expect, test, vi } from 'vitest';
import { SwarmError } from '../../domain/errors.js';
import { startCommand } from '../../temporal/commands.js';
import { cli, startCli } from '../helpers/cli.js';
import { createFakeSwarms, type FakeSwarms, type FakeOptions } from '../helpers/fake-swarms.js';

const started = async (options: FakeOptions = {}, objective = 'Do it', model?: string): Promise<FakeSwarms> => {
  const swarms = createFakeSwarms(options);
  await swarms.start(startCommand.parse({ objective, ...(model ? { model } : {}) }));
  return swarms;
};
const id = 'swarm-fake1';
const UNKNOWN = ['show', 'watch', 'result', 'logs', 'cancel', 'pause', 'resume'];

describe('an unknown swarm', () => {
  test.each([...UNKNOWN.map((name) => [name, 'swarm-none']), ['steer', 'swarm-none', 'text']])('%s exits 7', async (...args) => {
    expect(await cli(args)).toMatchObject({ code: 7, out: '', err: expect.stringContaining('code: not_found'), closed: 1 });
  });
  test('is one error document with --json', async () => {
    const run = await cli(['show', 'swarm-none', '--json']);
    expect(run.json()).toEqual({ error: { code: 'not_found', message: 'There is no swarm swarm-none.', why: expect.any(String), fix: expect.any(String) } });
    expect(run.err).toBe('');
  });
  test('with control characters in its name is printed safely', async () => {
    const { err } = await cli(['show', 'swarm-\u001b[31m\u202eevil']);
    expect(err).toContain('swarm-␛[31m<U+202E>evil');
    expect(err).not.toContain('\u001b');
  });
});

describe('a swarm that has ended', () => {
  test.each([
    ['cancel', id],
    ['pause', id],
    ['resume', id],
    ['steer', id, 'text'],
    ['budget', id, '--tokens', '9'],
  ])('%s exits 9', async (...args) => {
    const run = await cli([...args, '--json'], { swarms: await started() });
    expect(run.code).toBe(9);
    expect(run.json()).toMatchObject({ error: { code: 'conflict' } });
  });
});

describe('cancel, pause, resume, steer', () => {
  test('reach a running swarm and say so', async () => {
    const swarms = await started({ autoplay: false });
    expect((await cli(['pause', id, '--json'], { swarms })).json()).toEqual({ swarmId: id, action: 'pause', accepted: true });
    expect((await swarms.show(id)).status).toBe('paused');
    expect((await cli(['resume', id], { swarms })).err).toBe(`${id} goes on.\n`);
    expect((await cli(['steer', id, 'Prefer  standard tools'], { swarms })).code).toBe(0);
    expect((await cli(['cancel', id], { swarms })).code).toBe(0);
    expect(swarms.messages).toEqual([`pause ${id}`, `resume ${id}`, `steer ${id} Prefer  standard tools`, `cancel ${id}`]);
    expect((await swarms.show(id)).status).toBe('cancelled');
  });
  test.each([
    ['empty', ''],
    ['9 KB', 'x'.repeat(9_000)],
    ['binary', 'a\u0001'],
  ])('an instruction that is %s is refused', async (_, text) => {
    const swarms = await started({ autoplay: false });
    expect(await cli(['steer', id, text], { swarms })).toMatchObject({ code: 2 });
    expect(swarms.messages).toEqual([]);
  });
});

test('cf show says that an outcome without a quorum waits for you, and what was decided', async () => {
  const swarms = await started({ autoplay: false });
  const proposal = { id: 'swarm-1', question: 'Is it good?', form: 'choice', options: ['approve', 'reject'], electorate: [{ id: 'a', weight: 1 }], rounds: 1, roundMs: 1_000 };
  const vote = { vote: 'swarm-1' };
  swarms.emit(id, { type: 'vote.opened', data: { proposal } });
  swarms.emit(id, { type: 'vote.roundEnded', data: { ...vote, round: 1 } });
  swarms.emit(id, { type: 'vote.asked', data: vote });
  const hint = `no quorum; it waits for you: cf answer ${id} outcome approve|reject`;
  const asking = (await cli(['show', id], { swarms })).out;
  expect(asking).toContain(hint);
  expect(asking.split('\n').slice(0, 5).join('\n')).toContain(`? the outcome found no quorum: cf answer ${id} outcome approve|reject`);
  swarms.emit(id, { type: 'vote.judged', data: { ...vote, verdict: 'approve' } });
  const judged = (await cli(['show', id], { swarms })).out;
  expect([judged.includes('waits for you'), judged.includes('a person decided: approve')]).toEqual([false, true]);
});

test('cf show prints each vote with its ballots, why one does not count, and the recount', async () => {
  const swarms = await started({ autoplay: false });
  const proposal = {
    id: 'swarm-1',
    question: 'Is it good?',
    form: 'choice',
    options: ['approve', 'reject'],
    electorate: ['a', 'b', 'c', 'd'].map((name) => ({ id: name, weight: 1 })),
    rounds: 3,
    roundMs: 30_000,
  };
  const cast = (voter: string, value: string, more: object = {}) =>
    swarms.emit(id, { type: 'vote.cast', data: { vote: 'swarm-1', round: 1, voter, value: [value], text: null, isAuthentic: true, refuted: null, ...more } });
  swarms.emit(id, { type: 'vote.opened', data: { proposal } });
  cast('a', 'approve');
  cast('b', 'reject', { refuted: '"x" does not stand in output t1.' });
  cast('z\u001b[2J', 'reject');
  for (const voter of ['c', 'd']) cast(voter, 'approve');
  swarms.emit(id, { type: 'vote.ended', data: { vote: 'swarm-1', status: 'decided', decided: 'approve' } });
  const { out } = await cli(['show', id], { swarms });
  expect(out).toContain('vote       swarm-1: approve · quorum 3 of 4, 1 may lie · recount agrees');
  expect(out).toContain('✔ a  approve');
  expect(out).toContain('✖ b  reject  not counted: "x" does not stand in output t1.');
  expect(out).toContain('✖ z␛[2J  reject  not counted: outsider');
  swarms.emit(id, { type: 'vote.ended', data: { vote: 'swarm-1', status: 'decided', decided: 'reject' } });
  expect((await cli(['show', id], { swarms })).out).toContain('recount DIFFERS');
});

describe('add, budget and switch', () => {
  const yaml = 'id: more\ntitle: Do more\ndependsOn: [t1]\nretries: 2\nonFailure: skip\n';
  test('tasks and limits reach a running swarm', async () => {
    const swarms = await started({ autoplay: false });
    expect((await cli(['add', id, '-f', '-'], { swarms, stdin: yaml })).err).toBe(`${id} has 1 more task.\n`);
    expect((await swarms.show(id)).tasks.map(({ id: task }) => task)).toEqual(['t1', 't2', 'more']);
    const two = await cli(['add', id, '-f', '-', '--json'], { swarms, stdin: 'tasks:\n  - { id: x, title: Do x }\n  - { id: y, title: Do y }\n' });
    expect(two.json()).toEqual({ swarmId: id, action: 'add', accepted: true });
    expect((await cli(['budget', id, '--tokens', '200000', '--usd', '1.5', '--calls', '40'], { swarms })).err).toBe(`${id} has a higher budget.\n`);
    expect((await cli(['switch', id, 'hierarchical'], { swarms })).err).toContain('goes on as hierarchical');
    expect((await swarms.show(id)).topology).toBe('hierarchical');
    expect((await cli(['answer', id, 't1', 'retry'], { swarms })).err).toBe(`${id} was told to retry t1.\n`);
    expect((await cli(['answer', id, 'outcome', 'approve'], { swarms })).err).toBe(`${id} was told to approve its outcome.\n`);
    expect(swarms.messages).toEqual([
      `add ${id} more`,
      `add ${id} x,y`,
      `budget ${id} {"tokens":200000,"calls":40,"usd":1.5}`,
      `switch ${id} hierarchical`,
      `answer ${id} t1 retry`,
      `answer ${id} outcome approve`,
    ]);
    expect((await swarms.show(id)).budget).toEqual({ tokens: 200_000, usd: 1.5, calls: 40 });
  });
  test.each([
    ['no YAML', ['add', id, '-f', '-'], '{', 'standard input, line'],
    ['no title', ['add', id, '-f', '-'], 'id: a\n', 'title'],
    ['an unknown key', ['add', id, '-f', '-'], 'id: a\ntitle: b\nwizard: 1\n', 'this is no task'],
    ['no file', ['add', id], '', '--file'],
    ['no limit', ['budget', id], '', 'tokens, usd or calls is needed'],
    ['a word for a number', ['budget', id, '--tokens', 'many'], '', 'not usable'],
    ['an unknown topology', ['switch', id, 'star'], '', 'topology is not usable'],
    ['an unknown answer', ['answer', id, 't1', 'maybe'], '', 'answer is not usable'],
    ['an answer for an outcome to a task', ['answer', id, 't1', 'approve'], '', 'the outcome approve or reject'],
    ['a negative limit', ['budget', id, '--usd', '-1'], '', 'not usable'],
  ])('%s is refused with exit 2 and nothing sent', async (_, args, stdin, says) => {
    const swarms = await started({ autoplay: false });
    const { code, err } = await cli(args, { swarms, stdin });
    expect([code, err]).toEqual([2, expect.stringContaining(says)]);
    expect(swarms.messages).toEqual([]);
  });
});

describe('cf watch', () => {
  test('shows what happened and the result; exits 0 unless --exit-status', async () => {
    const swarms = await started({ autoplay: false });
    swarms.finish(id, { status: 'failed', result: 'Half.', failure: { code: 'provider_rejected', message: 'Refused.', why: '', fix: '' } });
    const plain = await cli(['watch', id], { swarms });
    expect(plain).toMatchObject({ code: 0, out: 'Half.\n', needs: ['reachable'] });
    expect(plain.err).toMatch(/swarm\.started[\s\S]*swarm\.ended/);
    expect((await cli(['watch', id, '--exit-status'], { swarms })).code).toBe(1);
  });
  test('--since leaves out what was seen, and nothing else', async () => {
    const swarms = await started();
    const seqs = async (...flags: string[]) =>
      (await cli(['watch', id, '--jsonl', ...flags], { swarms })).out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq);
    const all = await seqs();
    expect(await seqs('--since', '4')).toEqual(all.slice(4));
  });
  test('follows live until the end', async () => {
    const swarms = await started({ autoplay: false });
    const watch = startCli(['watch', id, '--jsonl'], { swarms });
    await vi.waitUntil(() => watch.out().includes('plan.accepted') && swarms.followers() === 1);
    swarms.finish(id);
    expect((await watch.done).out).toContain('swarm.ended');
    expect(swarms.followers()).toBe(0);
  });
  test('Ctrl-C detaches with 130', async () => {
    const swarms = await started({ autoplay: false });
    const watch = startCli(['watch', id], { swarms, errTTY: true });
    await vi.waitUntil(() => swarms.followers() === 1);
    watch.interrupt();
    expect(await watch.done).toMatchObject({ code: 130 });
    await vi.waitUntil(() => swarms.followers() === 0);
  });
  test.each(['-1', 'x', '1.5', '99999999999'])('--since %s is refused', async (since) => {
    expect(await cli(['watch', id, '--since', since], { swarms: await started() })).toMatchObject({ code: 2, err: expect.stringContaining('--since is not usable') });
  });
});

describe('cf logs', () => {
  test('prints one line for each event so far, safely', async () => {
    const swarms = await started({ autoplay: false });
    swarms.emit(id, { type: 'swarm.steered', data: { text: 'a\n\u001b[2Jb' } });
    const { code, out } = await cli(['logs', id], { swarms });
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength((await swarms.show(id)).lastSeq);
    expect(out).toContain('swarm.steered  a ␛[2Jb');
  });
  test('--follow goes on to the end; --since and --jsonl apply', async () => {
    const swarms = await started({ autoplay: false });
    const logs = startCli(['logs', id, '--follow', '--jsonl', '--since', '2'], { swarms });
    await vi.waitUntil(() => swarms.followers() === 1);
    swarms.finish(id);
    const events = (await logs.done).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; type: string });
    expect([events[0]?.seq, events.at(-1)?.type]).toEqual([3, 'swarm.ended']);
  });
});

describe('cf ps', () => {
  test('lists swarms, newest first, and labels simulated ones', async () => {
    const swarms = await started({}, 'The first\none');
    await swarms.start(startCommand.parse({ objective: 'The second', model: 'sim/echo' }));
    const { out } = await cli(['ps'], { swarms });
    expect(out).toMatch(/SWARM +STATUS[\s\S]*swarm-fake2 +completed.*sim\/echo \[simulated\] +The second\nswarm-fake1 .*The first one\n/);
    expect((await cli(['ps', '--json'], { swarms })).json()).toMatchObject({ swarms: [{ swarmId: 'swarm-fake2' }, { swarmId: id }], nextCursor: null });
  });
  test('--limit, --cursor and --status choose', async () => {
    const swarms = await started();
    await swarms.start(startCommand.parse({ objective: 'Two' }));
    const page = await cli(['ps', '--limit', '1'], { swarms });
    expect(page.err).toContain('cf ps --cursor 1');
    expect((await cli(['ps', '--limit', '1', '--cursor', '1', '--json'], { swarms })).json()).toMatchObject({ swarms: [{ swarmId: id }] });
    expect(await cli(['ps', '--status', 'failed'], { swarms })).toMatchObject({ code: 0, out: '', err: 'No swarms.\n' });
  });
  test.each([
    ['--limit', '0'],
    ['--limit', '101'],
    ['--limit', 'x'],
    ['--status', 'done'],
  ])('%s %s is refused', async (flag, value) => {
    expect(await cli(['ps', flag, value])).toMatchObject({ code: 2, err: expect.stringContaining(`${flag} is not usable`) });
  });
});

describe('cf show and cf result', () => {
  test('show prints tasks, settings and result; --json the whole view', async () => {
    const swarms = await started({}, 'Do it', 'sim/echo');
    const { out } = await cli(['show', id], { swarms });
    expect(out).toMatch(/SIMULATED[\s\S]*✔ t1[\s\S]*objective {2}Do it[\s\S]*sim\/echo \[simulated\][\s\S]*\[simulated by sim\/echo[\s\S]*The answer\./);
    expect((await cli(['show', id, '--json'], { swarms })).json()).toMatchObject({
      swarmId: id,
      simulated: true,
      result: 'The answer.',
      tasks: [
        { id: 't1', status: 'succeeded', attempts: 1, agentId: 'researcher-1' },
        { id: 't2', dependsOn: ['t1'] },
      ],
    });
  });
  test('result prints the text, of a task too', async () => {
    const swarms = await started({ result: 'A\n\u001b[31mred' });
    expect((await cli(['result', id], { swarms })).out).toBe('A\n␛[31mred\n');
    expect((await cli(['result', id, '--task', 't1'], { swarms })).out).toBe('Output of t1.\n');
    expect((await cli(['result', id, '--json'], { swarms })).json()).toEqual({
      swarmId: id,
      status: 'completed',
      model: 'openai/gpt-5-mini',
      simulated: false,
      result: 'A\n\u001b[31mred',
    });
    expect((await cli(['result', id, '--task', 'none'], { swarms })).code).toBe(7);
  });
  test('result of a swarm without one exits 7', async () => {
    expect(await cli(['result', id], { swarms: await started({ autoplay: false }) })).toMatchObject({ code: 7, out: '' });
  });
});

describe('cf agents', () => {
  test('lists the roles and shows one', async () => {
    expect((await cli(['agents'])).out).toMatch(/ROLE +CRAFT[\s\S]*researcher/);
    expect((await cli(['agents', 'list', '--json'])).json<{ agents: { name: string }[] }>().agents.map(({ name }) => name)).toContain('coder');
    expect((await cli(['agents', 'show', 'coder'])).out).toContain('You are the coder.');
    expect((await cli(['agents', 'show', 'coder', '--json'])).json()).toMatchObject({ name: 'coder', output: 'report' });
  });
  test('an unknown role exits 7', async () => {
    expect(await cli(['agents', 'show', 'wizard'])).toMatchObject({ code: 7, err: expect.stringContaining('There is no role "wizard"') });
  });
});

describe('cf doctor', () => {
  const checks = [
    { name: 'node', state: 'ok', found: '20.20.2', fix: '' },
    { name: 'worker', state: 'warning', found: 'not running', fix: 'cf run starts it' },
  ] as const;
  test('a warning exits 0, a failure 1; each with its fix', async () => {
    const fine = await cli(['doctor'], { checks });
    expect([fine.code, fine.out]).toEqual([0, '✔ node    20.20.2\n▲ worker  not running\n          → cf run starts it\n']);
    const bad = { name: 'disk', state: 'failed', found: 'full', fix: 'free some' } as const;
    expect(await cli(['doctor'], { checks: [...checks, bad] })).toMatchObject({ code: 1, out: expect.stringContaining('✖ disk') });
    const run = await cli(['doctor', '--json'], { checks: [bad] });
    expect(run.code).toBe(1);
    expect(run.json()).toEqual({ ok: false, checks: [bad] });
  });
});

describe('processes', () => {
  test.each([
    [['dev'], 'dev'],
    [['dev', '--autoscale', '4'], 'dev 4 30000'],
    [['dev', '--autoscale', '2', '--scale-down-after', '5m'], 'dev 2 300000'],
    [['dev', 'stop'], 'devStop'],
    [['worker', '--region', 'eu-west'], 'worker of eu-west'],
    [['worker', '--log-level', 'debug'], 'worker debug'],
    [['api', '--port', '4000', '--host', '127.0.0.1'], 'api 127.0.0.1:4000'],
    [['mcp', '--stdio'], 'mcp'],
    [['mcp'], 'mcp'],
  ])('%j runs %s', async (args, called) => {
    expect(await cli(args)).toMatchObject({ code: 0, called: [called], out: '' });
  });
  test.each([
    [['dev', '--autoscale', '0'], '--autoscale is not usable'],
    [['dev', '--autoscale', 'many'], '--autoscale is not usable'],
    [['dev', '--autoscale', '4', '--scale-down-after', 'soon'], '--scale-down-after is not usable'],
    [['dev', '--scale-down-after', '5s'], 'It says nothing without --autoscale'],
    [['worker', '--region', 'local'], 'needs no worker of its own'],
    [['worker', '--region', 'EU West'], '--region is not usable'],
  ])('%j is refused: %s', async (args, why) => {
    const refused = await cli(args);
    expect([refused.code, refused.called]).toEqual([2, []]);
    expect(refused.err).toContain(why);
  });
  test('dev status and dev stop name what runs', async () => {
    const processes = [{ name: 'temporal', running: true, pid: 12, address: '127.0.0.1:7233' }];
    expect((await cli(['dev', 'status'], { processes })).out).toBe('✔ temporal  pid 12  127.0.0.1:7233\n');
    expect((await cli(['dev', 'status', '--json'], { processes })).json()).toEqual({ processes });
    expect((await cli(['dev', 'stop', '--json'], { processes })).json()).toEqual({ stopped: ['temporal'] });
    expect((await cli(['dev', 'stop'])).err).toContain('Nothing was running');
  });
});

describe('the program', () => {
  test('help lists every command and goes to standard output', async () => {
    const { code, out, err } = await cli(['--help']);
    expect([code, err]).toEqual([0, '']);
    for (const name of [
      'run',
      'watch',
      'ps',
      'show',
      'result',
      'logs',
      'cancel',
      'pause',
      'resume',
      'steer',
      'switch',
      'answer',
      'add',
      'budget',
      'agents',
      'doctor',
      'dev',
      'worker',
      'api',
      'mcp',
      'config',
      'completion',
    ])
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect((await cli(['run', '--help'])).out).toContain('--idempotency-key');
  });
  test('--version prints the version', async () => {
    expect(await cli(['--version'])).toMatchObject({ code: 0, out: '9.9.9\n' });
  });
  test('an unknown command exits 2 and suggests one', async () => {
    expect(await cli(['shwo', id])).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/Unknown command 'shwo'[\s\S]*Did you mean show\?/) });
    expect((await cli(['shwo', '--json'])).json()).toMatchObject({ error: { code: 'invalid_input' } });
    expect(await cli([])).toMatchObject({ code: 2, err: expect.stringContaining('No command was given') });
  });
  test('an unexpected error has no stack trace unless it is debugged', async () => {
    const openError = new TypeError('boom');
    const run = await cli(['ps'], { openError });
    expect(run).toMatchObject({ code: 1, err: expect.stringContaining('code: internal') });
    expect(run.err).not.toMatch(/\n\s+at /);
    expect((await cli(['ps', '--log-level', 'debug'], { openError })).err).toMatch(/\n\s+at /);
  });
  test('colours only on a terminal, and not with NO_COLOR or --no-color', async () => {
    const openError = new SwarmError({ code: 'unreachable', message: 'gone' });
    const err = async (args: string[], env: Record<string, string> = {}, errTTY = true) => (await cli(args, { openError, errTTY, env })).err;
    expect(await err(['ps'])).toContain('\u001b[');
    expect(await err(['ps'], { NO_COLOR: '1' })).not.toContain('\u001b[');
    expect(await err(['ps', '--no-color'])).not.toContain('\u001b[');
    expect(await err(['ps'], {}, false)).not.toContain('\u001b[');
  });
});

describe('cf config show', () => {
  test('hides keys and names sources', async () => {
    const env = { OPENAI_API_KEY: 'sk-verysecretvalue1234', CF_MODEL: 'openai/x', CF_HOME: '/tmp/home' };
    const { out } = await cli(['config', 'show'], { env });
    expect(out).toMatch(/openaiKey +set \(…1234\) +environment OPENAI_API_KEY/);
    expect(out).toMatch(/model +openai\/x +environment CF_MODEL/);
    const run = await cli(['config', 'show', '--json'], { env });
    expect(run.out).not.toContain('verysecret');
    expect(run.json()).toMatchObject({ settings: expect.arrayContaining([{ name: 'home', value: '/tmp/home', source: 'environment CF_HOME' }]) });
  });
});
