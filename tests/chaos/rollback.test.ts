import { expect, test, vi } from 'vitest';
import { openEngine } from '../helpers/engine.js';
import { git, repository } from '../helpers/git.js';
import { answerOf, startHttpProvider } from '../helpers/http-provider.js';
import { CF, startProcess } from '../helpers/processes.js';
import { seeded } from '../helpers/seeded.js';
import { tempFolder } from '../helpers/temp-folder.js';
import { startTestServer } from '../helpers/temporal.js';

/** Rows C6 and R12: kill -9 of the worker while changes are made and while they are undone; git is the ledger. */
const TASKS = 16;

test('four kill -9 of the worker, two of them while it undoes: every change undone once, newest first', { timeout: 240_000 }, async () => {
  const random = seeded('kills of a rollback');
  const server = await startTestServer();
  const [home, folder] = [tempFolder(), repository({ 'shared.txt': 'first\n' })];
  const engine = openEngine(server, { model: 'compat/x', home });
  const provider = await startHttpProvider({
    fault: (key) => (key.includes('/last/') ? 'payment-402' : null),
    answer: (contract, key) =>
      contract === 'patch'
        ? JSON.stringify({ summary: key, files: ['shared.txt', `${key.split('/')[1]}.txt`].map((path) => ({ path, content: key, why: '' })) })
        : answerOf(contract, key),
  });
  const startWorker = () => startProcess([CF, 'worker'], { CF_HOME: home, TEMPORAL_ADDRESS: server.target.address, CF_COMPAT_BASE_URL: provider.url });
  let worker = startWorker();
  /** Commits of the swarm's branch, oldest first. */
  const commits = (): readonly { kind: string; key: string }[] =>
    git(folder, 'log', '--reverse', '--format=%(trailers:key=Cf-Kind,valueonly,separator=)|%(trailers:key=Cf-Key,valueonly,separator=)', '--all', '--not', 'main')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ kind: line.split('|')[0] ?? '', key: line.split('|')[1] ?? '' }));
  const of = (kind: string): readonly string[] => commits().flatMap((one) => (one.kind === kind ? [one.key] : []));
  const killAt = async (kind: string, goal: number): Promise<void> => {
    await vi.waitUntil(() => of(kind).length >= goal, { timeout: 60_000, interval: 2 });
    await new Promise((resolve) => setTimeout(resolve, random.below(60)));
    await worker.kill();
    worker = startWorker();
  };
  try {
    const steps = Array.from({ length: TASKS }, (_, i) => ({ id: `t${i}`, title: `Do ${i}`, role: 'coder', ...(i < 4 ? {} : { dependsOn: [`t${i - 4}`] }) }));
    const last = { id: 'last', title: 'Fail', role: 'coder', dependsOn: steps.slice(-4).map(({ id }) => id) };
    const swarmId = await engine.start({ objective: 'Undo it all', workspace: folder, review: false, maxAgents: 4, tasks: [...steps, last] });
    const ended = engine.end(swarmId);
    for (const goal of [3, 9]) await killAt('effect', goal);
    for (const goal of [1, 8]) await killAt('undo', goal);
    const view = await ended;
    expect([view.status, view.failure?.message]).toEqual(['compensated', '1 of 17 tasks failed.']);
    expect(git(folder, 'rev-parse', `cf/${swarmId}^{tree}`)).toBe(git(folder, 'rev-parse', 'main^{tree}'));
    expect(
      of('effect')
        .map((key) => String(key.split('/')[1]))
        .sort(),
    ).toEqual(steps.map(({ id }) => id).sort());
    expect(of('undo')).toEqual([...of('effect')].reverse());
    expect(commits().map(({ kind }) => kind)).toEqual([...Array<string>(TASKS).fill('effect'), 'seal', ...Array<string>(TASKS).fill('undo')]);
    expect([git(folder, 'status', '--porcelain'), git(folder, 'branch', '--show-current')]).toEqual(['', 'main']);
  } finally {
    await worker.stop();
    await provider.close();
    engine.close();
    await server.stop();
  }
});
