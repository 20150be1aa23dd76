import type { Command } from 'commander';
import { act, type Context, type Registry, withSwarms } from '../context.js';

/** `cf result`: the text a swarm, or one of its tasks, came to. */
export const addResult = (program: Command, registry: Registry): void => {
  program
    .command('result')
    .summary("print a swarm's result")
    .argument('<swarm>', 'id of the swarm')
    .option('--task <id>', 'the output of this task instead')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, result));
};

const result = async (context: Context, { task, json }: { readonly task?: string; readonly json?: boolean }, swarmId: string): Promise<void> => {
  const { printResult } = await import('../outcome.js');
  const { view, text } = await withSwarms(context, 'reachable', async (swarms) => {
    const shown = await swarms.show(swarmId);
    return { view: shown, text: task === undefined ? await swarms.result(swarmId) : await swarms.output(swarmId, task) };
  });
  if (json) return context.json({ swarmId, ...(task === undefined ? {} : { taskId: task }), status: view.status, model: view.model, simulated: view.simulated, result: text });
  printResult(context, text, view);
};
