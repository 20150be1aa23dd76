import { SwarmError } from '../domain/errors.js';
import { isEnded } from '../domain/swarm-state.js';
import type { StartCommand } from '../temporal/commands.js';
import type { Swarms } from '../temporal/port.js';
import { type Context, withSwarms } from './context.js';
import { refuseTogether, usageError } from './errors.js';
import { EXIT, type ExitCode, exitOf } from './exit-codes.js';
import { follow, readPatiently, styleOf } from './follow.js';
import { INTERRUPTED, untilInterrupted } from './interrupt.js';
import { printEnd, simulatedLabel, wholeView } from './outcome.js';
import { readSpec } from './spec-file.js';
import { durationFlag, type StartFlags, startRequest } from './start-request.js';
import { needWorkers } from './workers-ready.js';

export interface RunOptions extends StartFlags {
  readonly file?: string;
  readonly idempotencyKey?: string;
  readonly detach?: boolean;
  readonly wait?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
}

/** Checks the request, starts the swarm, follows it, prints its end; returns the exit code of contract.md. */
export const runSwarm = async (context: Context, options: RunOptions, argument?: string): Promise<ExitCode> => {
  refuseContradictions(options);
  const waitMs = options.wait === undefined ? null : durationFlag('--wait', options.wait);
  const { cwd } = await context.deps.settings(context.flags);
  const spec = options.file === undefined ? null : await readSpec(options.file, context.io, cwd);
  const objective = argument ?? (spec ? undefined : await askObjective(context));
  const command = await startRequest(objective, options, spec, cwd);
  if (options.dryRun) return withSwarms(context, 'nothing', (swarms) => preview(context, swarms, command, options));

  // Before anything is started or downloaded: a role or a model that does not exist is said at once.
  const chosen = await withSwarms(context, 'nothing', (swarms) => announceModel(context, swarms, command));
  let swarmId: string | null = null;
  let asked = false;
  const code = await untilInterrupted(context.io, (signal) =>
    withSwarms(context, 'started', async (swarms) => {
      await needWorkers(context, swarms, chosen.model, { refuse: options.detach !== true, signal });
      if (signal.aborted) return EXIT.interrupted;
      asked = true;
      const started = await swarms.start(command, options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey });
      ({ swarmId } = started);
      if (options.detach) return detached(context, started, options);
      context.say(`${started.swarmId}${started.created ? '' : ' (found by its idempotency key)'}${started.temporalUi ? `  ${started.temporalUi}` : ''}`);
      return toTheEnd(context, swarms, { options, waitMs, swarmId: started.swarmId, simulated: chosen.model.startsWith('sim/'), signal });
    }),
  );
  if (code !== INTERRUPTED) return code;
  context.say(detachNote(swarmId, asked));
  return EXIT.interrupted;
};

/** What Ctrl-C left behind: a swarm, none, or perhaps one. */
const detachNote = (swarmId: string | null, asked: boolean): string => {
  if (swarmId !== null) return `Detached: ${swarmId} goes on. Re-attach with: cf watch ${swarmId}`;
  return asked ? 'Interrupted while the swarm was being started: cf ps shows whether it was.' : 'Interrupted before a swarm was started.';
};

const refuseContradictions = ({ json, jsonl, detach, wait, dryRun }: RunOptions): void => {
  const given = { '--json': json === true, '--jsonl': jsonl === true, '--detach': detach === true, '--wait': wait !== undefined, '--dry-run': dryRun === true };
  const pair = (why: string, ...names: readonly (keyof typeof given)[]): void => refuseTogether(Object.fromEntries(names.map((name) => [name, given[name]])), why);
  pair('The first prints one document, the second one event a line.', '--json', '--jsonl');
  pair('The first leaves at once, the second follows.', '--detach', '--wait');
  pair('The first leaves at once, the second follows.', '--detach', '--jsonl');
  pair('A dry run starts nothing that could be followed.', '--dry-run', '--detach');
  pair('A dry run starts nothing that could be followed.', '--dry-run', '--wait');
  pair('A dry run starts nothing that could be followed.', '--dry-run', '--jsonl');
};

const askObjective = async ({ io, flags }: Context): Promise<string> => {
  if (flags.input === false)
    throw new SwarmError({
      code: 'input_required',
      message: 'An objective is needed.',
      why: 'None was given, and --no-input forbids asking for it.',
      fix: 'Give it: cf run "…", or -f spec.yaml.',
    });
  if (io.interactive) return io.ask('What should the swarm do? ');
  throw usageError('There is no objective.', 'Neither an objective nor -f was given.', 'Give one: cf run "Compare three ways to sort a large file".');
};

const announceModel = async ({ say }: Context, swarms: Swarms, command: StartCommand): Promise<{ readonly model: string }> => {
  const chosen = await swarms.preview(command);
  say(`Model ${chosen.model}: ${chosen.modelReason}`);
  if (chosen.model.startsWith('sim/')) say(simulatedLabel(chosen.model));
  if (chosen.model.startsWith('local/')) say('The embedded model shows the machinery; it answers poorly. ANTHROPIC_API_KEY, OPENAI_API_KEY or --model give a better one.');
  if (command.workspace !== undefined)
    say(
      `Files that agents write go to a branch of the swarm's own: nothing in ${command.workspace} is changed before cf apply. Agents of this version write files, but read none.`,
    );
  return chosen;
};

const preview = async (context: Context, swarms: Swarms, command: StartCommand, { json }: RunOptions): Promise<ExitCode> => {
  const found = await swarms.preview(command);
  const simulated = found.model.startsWith('sim/');
  if (json) context.json({ dryRun: true, ...found, simulated, command });
  else
    for (const line of [
      ...(simulated ? [simulatedLabel(found.model)] : []),
      `Nothing was started. cf run would start a ${command.topology} swarm:`,
      `  model   ${found.model} (${found.modelReason})`,
      `  roles   ${found.roster.join(', ')}`,
      `  tasks   ${found.tasks ?? 'planned by the model'}`,
      `  agents  at most ${command.maxAgents} at once`,
    ])
      context.print(line);
  return EXIT.ok;
};

const detached = ({ json, print, say }: Context, { swarmId, temporalUi }: { swarmId: string; temporalUi: string | null }, options: RunOptions): ExitCode => {
  if (options.json) json({ swarmId, temporalUi });
  else print(swarmId);
  say(`Follow it with: cf watch ${swarmId}${temporalUi ? `  or ${temporalUi}` : ''}`);
  return EXIT.ok;
};

interface Ending {
  readonly swarmId: string;
  readonly simulated: boolean;
  readonly options: RunOptions;
  readonly waitMs: number | null;
  readonly signal: AbortSignal;
}

const toTheEnd = async (context: Context, swarms: Swarms, { options, waitMs, swarmId, simulated, signal }: Ending): Promise<ExitCode> => {
  const stop = waitMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  await follow(context, { swarms, swarmId, afterSeq: 0, simulated, signal: stop }, styleOf(context, options));
  if (signal.aborted) return EXIT.interrupted;
  const view = await readPatiently(context, async () => wholeView(swarms, await swarms.show(swarmId)));
  if (options.json) context.json(view);
  else if (isEnded(view.status) && !options.jsonl) printEnd(context, view);
  if (!isEnded(view.status)) context.say(`Still ${view.status} after ${options.wait ?? ''}. Re-attach with: cf watch ${swarmId}`);
  return exitOf(view);
};
