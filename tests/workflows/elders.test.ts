import { expect, test, vi } from 'vitest';
import { engineSuite } from '../helpers/engine-suite.js';

/** A queen whose elders elect who does each task, on a real server; how they vote is scripted by the task's id. */
const VOTERS = ['architect', 'coder', 'queen', 'analyst', 'researcher', 'reviewer', 'tester'];
/** Voters that were asked about a task, in order of arrival. */
const arrived = new Map<string, string[]>();
const suite = engineSuite(({ call, contract, prompt, choices = [] }) => {
  if (contract === 'preference') return preferences(call, choices);
  if (contract !== 'ballot') return undefined;
  const nominees = [...prompt.matchAll(/^- ([\w-]+): /gm)].map(([, name]) => name ?? '');
  const voter = VOTERS.findIndex((role) => call.includes(`.${role}-voter`));
  const ballot = (choice: string | undefined) => ({ choice: choice ?? '', reasons: ['because'], claims: [] });
  if (call.startsWith('second/')) return ballot(nominees[1]);
  if (call.startsWith('liar/')) return ballot(voter === 0 ? nominees[2] : nominees[1]);
  if (call.startsWith('split/')) return ballot(nominees[voter % 3]);
  return ballot(nominees[0]);
});
/** What four voters prefer: none of the nominees is the first choice of three, one is good enough for three. */
const PREFERENCES = [[1], [1, 0], [2, 1], [0]] as const;
const preferences = (call: string, nominees: readonly string[]) => {
  const [task = ''] = call.split('/');
  if (!['approved', 'ranked'].includes(task)) return undefined;
  const voters = arrived.get(task) ?? [];
  arrived.set(task, voters);
  if (!voters.includes(call)) voters.push(call);
  return { options: (PREFERENCES[voters.indexOf(call)] ?? []).map((nth) => nominees[nth]), reasons: [], claims: [] };
};
const run = (more: object) => suite.engine().run({ allocation: 'elders', elections: 'choice', review: false, votes: 'none', ...more });
const assigned = async (swarmId: string) => (await suite.events(swarmId)).filter(({ type }) => type === 'task.assigned');

test('the elders elect among the roles that fit best, a quorum decides, and the vote is on record', async () => {
  const view = await run({ tasks: [{ id: 'second', title: 'Write the code of the parser', role: 'coder' }] });
  expect([view.status, view.votes.length]).toEqual(['completed', 1]);
  const [vote] = view.votes;
  expect(vote).toMatchObject({ id: 'second-assign', electorate: 4, quorum: 3, status: 'decided', recount: { agrees: true } });
  expect([vote?.decided === 'coder', view.tasks[0]?.agentId]).toEqual([false, `${vote?.decided}-1`]);
  expect((await assigned(view.swarmId))[0]?.data['reason']).toMatch(new RegExp(`^elected by the elders among coder, [\\w-]+, [\\w-]+ \\(vote second-assign\\)$`));
  // What is proposed first is the queen's own choice; each nominee comes with what speaks for it.
  const asked = suite.model().requests.find(({ key }) => key.startsWith(`${view.swarmId}/second/vote.assign`));
  expect(asked?.prompt).toMatch(/Who should do the task "Write the code of the parser"\?\n- coder: .+ \(score \d+, 0 at work\)\n/);
  await suite.expectWhole(view);
});

test('one liar of four elects nobody', async () => {
  const view = await run({ tasks: [{ id: 'liar', title: 'Test the parser' }] });
  const { decided, ballots } = view.votes[0] ?? { decided: null, ballots: [] };
  expect(view.tasks[0]?.agentId).toBe(`${decided}-1`);
  expect(ballots.filter(({ counted, value }) => counted && value !== decided).length).toBeLessThanOrEqual(1);
});

test.each([
  ['approval', 'approved', 'Name all that would do, of: '],
  ['ranked', 'ranked', 'Put all of these in your order of preference, best first: '],
] as const)('by %s a role is elected that few would have put first', async (elections, id, instruction) => {
  const view = await run({ elections, tasks: [{ id, title: 'Write the code of the parser', role: 'coder' }] });
  const [vote] = view.votes;
  expect(vote).toMatchObject({ form: elections, electorate: 4, quorum: 3, status: 'decided', round: 1, recount: { agrees: true } });
  expect([vote?.decided, view.tasks[0]?.agentId]).toEqual([vote?.options[1], `${vote?.options[1]}-1`]);
  expect(vote?.ballots.filter(({ value }) => value === vote.decided)).not.toHaveLength(3);
  const asked = suite.model().requests.find(({ key }) => key.startsWith(`${view.swarmId}/${id}/vote.assign`));
  expect(asked?.prompt).toContain(`${instruction}${vote?.options.join(', ')}`);
  await suite.expectWhole(view);
});

test('elders approve unless told; without elders there is nothing to elect', async () => {
  const view = await suite.engine().run({ allocation: 'elders', review: false, votes: 'none', tasks: [{ id: 'default', title: 'Do it', role: 'coder' }] });
  expect([view.votes[0]?.form, view.tasks[0]?.agentId]).toEqual(['approval', 'coder-1']);
  await expect(run({ allocation: 'rule', tasks: [{ id: 'a', title: 'Do a' }] })).rejects.toMatchObject({ code: 'invalid_input', fix: expect.stringContaining('--elections') });
});

test('without a quorum the choice of the queen stands, and the reason says so', async () => {
  const view = await run({ tasks: [{ id: 'split', title: 'Do it', role: 'tester' }], voters: 6 });
  expect([view.status, view.tasks[0]?.agentId, view.votes.at(-1)?.status]).toEqual(['completed', 'tester-1', 'no_quorum']);
  expect((await assigned(view.swarmId))[0]?.data['reason']).toBe('no quorum of the elders (vote split-assign-larger): named by the plan');
});

test('a queen that dies in an election is replaced: ballots stand, nobody is elected twice', async () => {
  const open = suite.model().hold(/dying\/vote\.assign.*(?:coder|queen)-voter/);
  const swarmId = await suite
    .engine()
    .start({ allocation: 'elders', elections: 'choice', review: false, votes: 'none', tasks: [{ id: 'dying', title: 'Outlive her', role: 'coder' }] });
  await vi.waitUntil(async () => (await suite.events(swarmId)).filter(({ type }) => type === 'vote.cast').length === 2, 20_000);
  await suite.server().client.workflow.getHandle(`${swarmId}/queen-1`).terminate('test');
  await vi.waitUntil(async () => (await suite.events(swarmId)).some(({ type }) => type === 'vote.resumed'), 20_000);
  open();
  const view = await suite.engine().end(swarmId);
  expect([view.status, view.votes.length, view.tasks[0]?.agentId, (await assigned(swarmId)).length]).toEqual(['completed', 1, 'coder-1', 1]);
});

test('a budget that does not cover the election ends the swarm', async () => {
  const view = await run({ tasks: [{ id: 'poor', title: 'Do it', role: 'coder' }], budgetTokens: 1_000 });
  expect([view.status, view.usage.inputTokens + view.usage.outputTokens <= 1_000]).toEqual(['budget_exhausted', true]);
});

test('other topologies have no elders', async () => {
  await expect(run({ topology: 'mesh', tasks: [{ id: 'a', title: 'Do a' }] })).rejects.toMatchObject({ code: 'invalid_input', fix: expect.stringContaining('--topology queen') });
});
