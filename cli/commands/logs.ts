import type { Command } from 'commander';
import { act, type Registry } from '../context.js';
import type { LogsOptions } from '../print-logs.js';

/** `cf logs`: the event log, one line each. */
export const addLogs = (program: Command, registry: Registry): void => {
  program
    .command('logs')
    .summary('print the events of a swarm')
    .argument('<swarm>', 'id of the swarm')
    .option('--since <seq>', 'only events after this number')
    .option('--follow', 'go on until the swarm has ended')
    .option('--jsonl', 'one JSON event a line')
    .action(act(registry, async (context, options: LogsOptions, swarmId: string) => (await import('../print-logs.js')).printLogs(context, options, swarmId)));
};
