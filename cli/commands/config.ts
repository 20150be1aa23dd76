import type { Command } from 'commander';
import { act, type Context, type Registry } from '../context.js';

/** `cf config`: what is configured, and where each value came from. */
export const addConfig = (program: Command, registry: Registry): void => {
  const config = program.command('config').summary('show the configuration');
  config
    .command('show', { isDefault: true })
    .summary('every setting, its value and its source; keys are hidden')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, show));
};

const show = async (context: Context, { json }: { readonly json?: boolean }): Promise<void> => {
  const { shownSettings } = await import('../../config/show.js');
  const settings = shownSettings(await context.deps.settings(context.flags));
  if (json) return context.json({ settings });
  const { table } = await import('../table.js');
  const rows = settings.map(({ name, value, source }) => [name, value === null ? '-' : String(value), source]);
  for (const line of table(['SETTING', 'VALUE', 'SOURCE'], rows, 1_000)) context.print(line);
};
