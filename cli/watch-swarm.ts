import { type Context, withSwarms } from './context.js';
import { usageError } from './errors.js';
import { EXIT, type ExitCode, exitOf } from './exit-codes.js';
import { follow, readPatiently, styleOf } from './follow.js';
import { INTERRUPTED, untilInterrupted } from './interrupt.js';
import { printEnd, simulatedLabel, wholeView } from './outcome.js';

export interface WatchOptions {
  readonly since?: string;
  readonly exitStatus?: boolean;
  readonly jsonl?: boolean;
}

/** Follows a swarm to its end and prints it; with `--exit-status` the outcome is the exit code. */
export const watchSwarm = async (context: Context, options: WatchOptions, swarmId: string): Promise<ExitCode> => {
  const afterSeq = sinceFlag(options.since);
  const code = await untilInterrupted(context.io, (signal) =>
    withSwarms(context, 'reachable', async (swarms) => {
      const { simulated, model } = await swarms.show(swarmId);
      if (simulated) context.say(simulatedLabel(model));
      await follow(context, { swarms, swarmId, afterSeq, simulated, signal }, styleOf(context, options));
      if (signal.aborted) return EXIT.interrupted;
      const view = await readPatiently(context, async () => wholeView(swarms, await swarms.show(swarmId)));
      if (!options.jsonl) printEnd(context, view);
      return options.exitStatus ? exitOf(view) : EXIT.ok;
    }),
  );
  if (code !== INTERRUPTED) return code;
  context.say(`Detached: the swarm goes on. Re-attach with: cf watch ${swarmId}`);
  return EXIT.interrupted;
};

/** `--since` as the number of the last event that is known. */
export const sinceFlag = (since: string | undefined): number => {
  if (since === undefined) return 0;
  if (!/^\d{1,9}$/.test(since)) throw usageError('--since is not usable.', `"${since}" is no event number.`, 'Give a whole number of 0 or more, as the first column of cf logs.');
  return Number(since);
};
