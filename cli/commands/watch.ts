import type { Command } from 'commander';
import { act, type Registry } from '../context.js';
import type { WatchOptions } from '../watch-swarm.js';

/** `cf watch`: follow a swarm from anywhere, from any event. */
export const addWatch = (program: Command, registry: Registry): void => {
  program
    .command('watch')
    .summary('follow a swarm to its end')
    .description('Re-attaches to a swarm; Ctrl-C detaches again. Prints its result when it ends.')
    .argument('<swarm>', 'id of the swarm')
    .option('--since <seq>', 'only events after this number')
    .option('--exit-status', "exit with the swarm's outcome, as cf run does")
    .option('--jsonl', 'one event a line on standard output')
    .action(act(registry, async (context, options: WatchOptions, swarmId: string) => (await import('../watch-swarm.js')).watchSwarm(context, options, swarmId)));
};
