import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadCatalogue } from '../../agents/loader.js';
import { packageRoot, packageVersion } from '../../config/package-root.js';
import { SwarmError } from '../../domain/errors.js';
import { coordinatorId, scalerId, TOPOLOGIES } from '../../domain/names.js';
import { startCommand, type StartCommandInput } from '../../temporal/commands.js';
import { ensureScaler, readWanted, stopScaler } from '../../temporal/scaling.js';
import { snapshotOf } from '../../temporal/snapshot.js';
import type { RunningWorker } from '../../workers/worker.js';
import { testModel } from '../helpers/engine.js';
import { engineSuite } from '../helpers/engine-suite.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** Records one history per outcome of this version; run by hand with `npm run record:histories` before a release, never overwriting an older version's folder. */
const folder = join(packageRoot, 'tests', 'histories', packageVersion);

const refusal = { verdict: 'revise', findings: [{ severity: 'major', reason: 'too short', fix: 'write more' }] };
const suite = engineSuite(({ call, prompt, contract }) => {
  if (contract === 'ballot' && prompt.includes('voted down')) return { choice: 'reject', reasons: ['too short'], claims: [] };
  if (contract === 'ballot' && prompt.includes('undecided'))
    return { choice: /(?:(?:architect|queen|researcher|tester)-voter|peer-[13])/.test(call) ? 'approve' : 'reject', reasons: [], claims: [] };
  if (contract === 'ballot' && prompt.includes('no quorum')) return { choice: /(?:architect|analyst|researcher|tester)-voter/.test(call) ? 'approve' : 'reject', reasons: [], claims: [] };
  if (contract === 'ballot' && prompt.includes('evidence')) return { choice: 'approve', reasons: [], claims: [{ kind: 'output', source: 'a', quote: 'answer to' }] };
  if (call.startsWith('flaky/answer/')) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (call === 'split/answer/1' && contract === 'plan') return { tasks: [{ id: 'a', title: 'Do split.a', role: 'researcher', dependsOn: [] }] };
  if (contract === 'patch' && prompt.includes('writes files')) return { summary: 'wrote', files: [{ path: `${call.split('/')[0]}.txt`, content: call, why: '' }] };
  if (call.startsWith('refused/review') || call === 'revised/review/1') return refusal;
  if (call.startsWith('broken/answer')) return new SwarmError({ code: 'provider_rejected', message: 'scripted refusal' });
  if (call === 'repaired/answer/1') return 'no JSON';
  if (call === 'swarm/plan/1' && prompt.includes('replanned')) return { tasks: [{ id: 'a', title: 'first', role: 'researcher', dependsOn: ['zz'] }] };
  if (call.startsWith('swarm/plan')) return { tasks: ['a', 'b'].map((id) => ({ id, title: `Do ${id}`, role: 'researcher', dependsOn: id === 'b' ? ['a'] : [] })) };
  return undefined;
});
const task = (id: string, more: object = {}) => ({ id, title: `Do ${id}`, role: 'researcher', ...more });

/** Writes every run of the swarm and of its queens; ids are part of the file, since child ids derive from them. */
const save = async (name: string, swarmId: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const { client } = suite.server();
  const found = client.workflow.list({ query: `WorkflowId = "${swarmId}" OR WorkflowId STARTS_WITH "${swarmId}/"` });
  let saved = 0;
  for await (const { workflowId, runId } of found) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    saved += 1;
    const part = workflowId === swarmId ? 'root' : (workflowId.split('/').at(-1) ?? '');
    await writeFile(join(folder, `${name}.${part}.${saved}.json`), JSON.stringify({ workflowId, history: JSON.parse(historyToJSON(history)) as unknown }));
  }
  expect(saved).toBeGreaterThan(0);
};

/** The visibility store follows the history store a moment later. */
const whenListed = (swarmId: string) =>
  vi.waitUntil(async () => {
    for await (const { status } of suite.server().client.workflow.list({ query: `WorkflowId = "${swarmId}"` })) if (status.name !== 'RUNNING') return true;
    return false;
  }, 10_000);

const record = (name: string, command: Partial<StartCommandInput>, act: (swarmId: string) => Promise<void> = async () => undefined) =>
  test(name, async () => {
    const swarmId = await suite.engine().start({ agents: ['planner', 'researcher', 'reviewer', 'aggregator'], ...command });
    await act(swarmId);
    await suite.engine().end(swarmId);
    await whenListed(swarmId);
    await save(name, swarmId);
  });

record('completed', {});
record('advised', { topology: 'auto' });
record('replanned', { objective: 'replanned' });
record('by-hand', { tasks: [task('a'), task('b', { priority: 1 }), task('c', { dependsOn: ['a', 'b'] })] });
record('no-review', { review: false, tasks: [task('a'), task('b')] });
record('one-at-a-time', { maxAgents: 1, tasks: [task('a', { priority: 5 }), task('b', { priority: 1 })] });
record('revised', { tasks: [task('revised')] });
record('disputed', { tasks: [task('refused')] });
record('strict', { strict: true, tasks: [task('refused'), task('b', { dependsOn: ['refused'] })] });
record('repaired', { tasks: [task('repaired')] });
record('failed', { tasks: [task('broken'), task('b', { dependsOn: ['broken'] }), task('c')] });
record('budget', { budgetTokens: 12_000, review: false, tasks: Array.from({ length: 20 }, (_, i) => task(`t${i}`)) });
record('cancelled', { tasks: [task('held-cancel')] }, async (swarmId) => {
  suite.model().hold(/held-cancel/);
  await suite.whenAsked(swarmId, 'held-cancel/answer/1');
  await suite.engine().swarms.cancel(swarmId);
});
record('deadline', { deadline: '2s', tasks: [task('held-deadline')] }, async (swarmId) => {
  suite.model().hold(/held-deadline/);
  await suite.whenAsked(swarmId, 'held-deadline/answer/1');
});
record('paused-steered', { tasks: [task('held-pause'), task('b', { dependsOn: ['held-pause'] })] }, async (swarmId) => {
  const open = suite.model().hold(/held-pause\/answer/);
  await suite.whenAsked(swarmId, 'held-pause/answer/1');
  await suite.engine().swarms.pause(swarmId);
  await suite.engine().swarms.steer(swarmId, 'Prefer standard tools.');
  open();
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'task.answered'), 20_000);
  await suite.engine().swarms.resume(swarmId);
});
record('queen-replaced', { tasks: [task('q1'), task('q2', { dependsOn: ['q1'] })] }, async (swarmId) => {
  const open = suite.model().hold(/\/q2\/answer/);
  await suite.whenAsked(swarmId, 'q2/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).terminate('recording');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'swarm.queenReplaced'), 20_000);
  open();
});
record('written', { objective: 'It writes files.', workspace: tempFolder(), tasks: [task('a', { output: 'patch' }), task('b', { output: 'patch' })] });
record('compensated', { objective: 'It writes files.', workspace: tempFolder(), tasks: [task('a', { output: 'patch' }), task('b', { output: 'patch', dependsOn: ['a'] }), task('broken', { dependsOn: ['b'] })] });
for (const topology of TOPOLOGIES)
  record(
    `${topology === 'queen' ? '' : `${topology}-`}learned`,
    { topology, tasks: [task('revised'), task('b', { dependsOn: ['revised'] }), task('held-learn')] },
    async (swarmId) => {
      const open = suite.model().hold(/held-learn\/answer/);
      await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type, taskId }) => type === 'task.succeeded' && taskId === 'b'), 20_000);
      // Gathered for 5 s, then handed down.
      const hasFired = async (): Promise<boolean> => {
        const { events } = await suite.server().client.workflow.getHandle(coordinatorId(swarmId, topology, 1)).fetchHistory();
        return (events ?? []).some(({ timerFiredEventAttributes }) => timerFiredEventAttributes);
      };
      if (topology !== 'queen') await vi.waitUntil(hasFired, 30_000);
      open();
    },
  );
record('hierarchical-news', { topology: 'hierarchical', agents: ['researcher', 'coder', 'tester', 'architect'], tasks: [task('a'), task('b', { role: 'coder' }), task('c', { role: 'tester', dependsOn: ['a', 'b'] }), task('d', { role: 'architect', dependsOn: ['a', 'b'] })] });
record('mesh-merged', { topology: 'mesh', maxAgents: 3, votes: 'outcome', tasks: [task('a'), task('b'), task('c', { dependsOn: ['a', 'b'] })] });
record('voted', { votes: 'outcome' });
record('voted-down', { votes: 'outcome', objective: 'To be voted down.', tasks: [task('a')] });
record('voted-strict', { votes: 'outcome', strict: true, objective: 'To be voted down.', tasks: [task('a')] });
record('voted-tasks', { votes: 'tasks', objective: 'To be voted down.', tasks: [task('a')] });
record('no-quorum', { votes: 'outcome', agents: ['architect', 'coder', 'analyst', 'researcher', 'tester'], objective: 'With no quorum.', tasks: [task('a')] });
const undecided = { votes: 'outcome', undecided: 'ask', objective: 'To be undecided.' } as const;
const judge = (verdict: 'approve' | 'reject', times: number) => async (swarmId: string): Promise<void> => {
  for (let nth = 1; nth <= times; nth += 1) {
    await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'vote.asked').length === nth, 20_000);
    await suite.engine().swarms.answer(swarmId, { outcome: verdict });
  }
};
record('undecided', { ...undecided, tasks: [task('a')] }, judge('approve', 1));
record('undecided-rejected', { ...undecided, tasks: [task('a')] }, judge('reject', 2));
record('mesh-undecided', { ...undecided, topology: 'mesh', maxAgents: 4, tasks: [task('a')] }, judge('approve', 1));
record('evidence', { votes: 'outcome', objective: 'With evidence.', tasks: [task('a')] });
record('retried', { tasks: [task('flaky', { retries: 1 })] });
record('given-up', { tasks: [task('broken', { onFailure: 'skip' }), task('b', { dependsOn: ['broken'] })] });
record('split', { tasks: [task('split', { output: 'plan' }), task('b', { dependsOn: ['split'] })] });
record('added', { tasks: [task('held-add')] }, async (swarmId) => {
  const open = suite.model().hold(/held-add\/answer/);
  await suite.whenAsked(swarmId, 'held-add/answer/1');
  await suite.engine().swarms.addTasks(swarmId, [task('more', { dependsOn: ['held-add'] })]);
  open();
});
record('raised', { budgetTokens: 100_000, tasks: [task('held-raise')] }, async (swarmId) => {
  const open = suite.model().hold(/held-raise\/answer/);
  await suite.whenAsked(swarmId, 'held-raise/answer/1');
  await suite.engine().swarms.raiseBudget(swarmId, { tokens: 200_000 });
  open();
});

const domains = ['planner', 'researcher', 'coder', 'tester', 'reviewer', 'aggregator'];
const across = (more: object = {}) => [task('a'), task('b', { role: 'coder', dependsOn: ['a'], ...more }), task('c', { role: 'tester', dependsOn: ['b'] })];
record('hierarchical', { topology: 'hierarchical', agents: domains, tasks: across() });
record('hierarchical-voted', { topology: 'hierarchical', agents: domains, votes: 'outcome', tasks: across() });
record('hierarchical-planned', { topology: 'hierarchical', agents: domains });
record('hierarchical-failed', { topology: 'hierarchical', agents: domains, tasks: [task('broken'), task('b', { role: 'coder', dependsOn: ['broken'] }), task('c', { role: 'tester' })] });
record('hierarchical-budget', { topology: 'hierarchical', agents: domains, budgetTokens: 14_000, review: false, tasks: [...across(), ...Array.from({ length: 8 }, (_, i) => task(`d${i}`, { role: 'coder' }))] });
record('hierarchical-cancelled', { topology: 'hierarchical', agents: domains, tasks: across() }, async (swarmId) => {
  suite.model().hold(new RegExp(`${swarmId}/a/answer`));
  await suite.whenAsked(swarmId, 'a/answer/1');
  await suite.engine().swarms.cancel(swarmId);
});
record('manager-replaced', { topology: 'hierarchical', agents: domains, tasks: across() }, async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/b/answer`));
  await suite.whenAsked(swarmId, 'b/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/hierarchical-1/manager-coding`).terminate('recording');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'manager.replaced'), 20_000);
  open();
});
const mesh = (more: object = {}) => ({ topology: 'mesh' as const, agents: domains, maxAgents: 4, ...more });
record('mesh', mesh({ tasks: across() }));
record('mesh-voted', mesh({ votes: 'outcome', tasks: across() }));
record('mesh-voted-down', mesh({ votes: 'outcome', objective: 'To be voted down.', tasks: [task('a')] }));
record('mesh-failed', mesh({ tasks: [task('broken'), task('b', { dependsOn: ['broken'] }), task('c')] }));
record('mesh-budget', mesh({ review: false, budgetTokens: 3_000, tasks: Array.from({ length: 12 }, (_, i) => task(`d${i}`)) }));
record('mesh-cancelled', mesh({ tasks: across() }), async (swarmId) => {
  suite.model().hold(new RegExp(`${swarmId}/a/answer`));
  await suite.whenAsked(swarmId, 'a/answer/1');
  await suite.engine().swarms.cancel(swarmId);
});
record('mesh-stolen', mesh({ maxAgents: 2, review: false, tasks: Array.from({ length: 8 }, (_, i) => task(`s${i}`)) }), async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/s[02]/answer`));
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'task.moved'), 20_000);
  open();
});
record('peer-lost', mesh({ tasks: across() }), async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/b/answer`));
  await suite.whenAsked(swarmId, 'b/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/mesh-1/peer-2`).terminate('recording');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'peer.lost'), 20_000);
  open();
});
let eu: RunningWorker;
const serveEu = async (): Promise<void> => {
  eu = await suite.engine().work(suite.model().provider, 'eu');
};
const leaveEu = async (): Promise<void> => {
  eu.stop();
  await eu.done;
};
beforeAll(serveEu);
afterAll(leaveEu);
const regions = (more: object = {}) => ({ topology: 'distributed' as const, regions: ['local', 'eu'], agents: domains, maxAgents: 4, ...more });
record('distributed', regions({ tasks: across() }));
record('distributed-local', regions({ regions: undefined, tasks: across() }));
record('distributed-voted', regions({ votes: 'outcome', tasks: across() }));
record('distributed-split', regions({ review: false, tasks: [task('split', { output: 'plan' }), task('after', { dependsOn: ['split'] }), task('beside')] }));
record('distributed-failed', regions({ tasks: [task('broken'), task('b', { dependsOn: ['broken'] }), task('c')] }));
record('distributed-budget', regions({ review: false, budgetTokens: 3_000, tasks: Array.from({ length: 12 }, (_, i) => task(`d${i}`)) }));
record('distributed-awaited', regions({ regions: ['local', 'nowhere'], tasks: across() }));
record('distributed-cancelled', regions({ tasks: across() }), async (swarmId) => {
  suite.model().hold(new RegExp(`${swarmId}/a/answer`));
  await suite.whenAsked(swarmId, 'a/answer/1');
  await suite.engine().swarms.cancel(swarmId);
});
const hasEvent = (swarmId: string, type: string): Promise<unknown> => vi.waitUntil(async () => (await suite.events(swarmId)).some((event) => event.type === type), 30_000);
record('region-replaced', regions({ review: false, tasks: [task('a'), task('b'), task('c', { dependsOn: ['a', 'b'] })] }), async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/[ab]/answer`));
  await suite.whenAsked(swarmId, 'a/answer/1');
  await suite.server().client.workflow.getHandle(`${swarmId}/distributed-1/region-eu`).terminate('recording');
  await hasEvent(swarmId, 'region.replaced');
  open();
});
record('region-lost', regions({ review: false, tasks: [task('a'), task('b'), task('c', { dependsOn: ['a', 'b'] })] }), async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/[ab]/answer`));
  await suite.whenAsked(swarmId, 'a/answer/1');
  await leaveEu();
  await hasEvent(swarmId, 'region.lost');
  await serveEu();
  await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'region.started').length === 3, 30_000);
  open();
});

for (const [from, to] of [
  ['queen', 'hierarchical'],
  ['hierarchical', 'queen'],
  ['mesh', 'queen'],
  ['hierarchical', 'mesh'],
  ['distributed', 'queen'],
  ['mesh', 'distributed'],
] as const)
  record(`switched-${from}-${to}`, { topology: from, agents: domains, tasks: across() }, async (swarmId) => {
    const open = suite.model().hold(new RegExp(`${swarmId}/b/answer`));
    await suite.whenAsked(swarmId, 'b/answer/1');
    await suite.engine().swarms.switchTopology(swarmId, to);
    open();
  });

const asking = { review: false, tasks: [task('broken', { onFailure: 'ask' }), task('next', { dependsOn: ['broken'] }), task('free')] };
const answerTwice = async (swarmId: string): Promise<void> => {
  for (const [times, decision] of [
    [1, 'retry'],
    [2, 'skip'],
  ] as const) {
    await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'task.asked').length === times, 20_000);
    await suite.engine().swarms.answer(swarmId, { taskId: 'broken', decision });
  }
};
record('elders', { allocation: 'elders', elections: 'choice', agents: ['coder', 'researcher', 'tester'], review: false, votes: 'none', tasks: [task('a'), task('b', { dependsOn: ['a'] })] });
record('elders-approval', { allocation: 'elders', agents: ['coder', 'researcher', 'tester'], review: false, votes: 'none', tasks: [task('a')] });
record('asked', asking, answerTwice);
record('hierarchical-asked', { topology: 'hierarchical', ...asking }, answerTwice);
record('mesh-asked', { topology: 'mesh', maxAgents: 3, ...asking }, answerTwice);
record('distributed-asked', { topology: 'distributed', ...asking }, answerTwice);
/** Fewer places than managers, and one that comes late with what is urgent. */
record('hierarchical-places', { topology: 'hierarchical', agents: domains, maxAgents: 2, review: false, tasks: across() }, async (swarmId) => {
  const open = suite.model().hold(new RegExp(`${swarmId}/b/answer`));
  await suite.whenAsked(swarmId, 'b/answer/1');
  await suite.engine().swarms.addTasks(swarmId, [{ id: 'urgent', title: 'Do it now', role: 'tester', priority: 1 }]);
  open();
});

test('scaler', async () => {
  const { client } = suite.server();
  const queue = 'cf.models.nobody';
  await ensureScaler(client, queue, { min: 1, max: 4, perWorker: 10, patienceMs: 1_000, quietMs: 5_000 });
  await vi.waitUntil(async () => (await readWanted(client, queue)) !== null, 20_000);
  await ensureScaler(client, queue, { min: 2, max: 4, perWorker: 10, patienceMs: 1_000, quietMs: 5_000 });
  await vi.waitUntil(async () => (await readWanted(client, queue))?.wanted === 2, 20_000);
  await stopScaler(client, queue);
  await whenListed(scalerId(queue));
  await save('scaler', scalerId(queue));
});

test('continued', async () => {
  const { agents } = await loadCatalogue({ builtin: join(packageRoot, 'agents'), project: '/nonexistent', user: '/nonexistent' });
  const swarmId = 'swarm-continued';
  const command = startCommand.parse({ objective: 'A long run', agents: ['researcher', 'reviewer', 'aggregator'], tasks: Array.from({ length: 16 }, (_, i) => task(`t${i}`)), maxAgents: 2 });
  const snapshot = snapshotOf(command, { catalogue: agents, model: testModel('sim/fake'), swarmId, traceId: 'a'.repeat(32), version: packageVersion, now: Date.now() });
  await suite.server().client.workflow.start('swarm', { workflowId: swarmId, taskQueue: 'cf.swarms', args: [{ ...snapshot, limits: { ...snapshot.limits, historyEvents: 40 } }] });
  await suite.engine().end(swarmId);
  await whenListed(swarmId);
  await save('continued', swarmId);
});
