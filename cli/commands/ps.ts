import type { Command } from 'commander';
import type { SwarmListItem } from '../../temporal/views.js';
import { act, type Context, type Registry, withSwarms } from '../context.js';

interface PsOptions {
  readonly limit?: string;
  readonly cursor?: string;
  readonly status?: string;
  readonly json?: boolean;
}

/** `cf ps`: swarms, newest first. */
export const addPs = (program: Command, registry: Registry): void => {
  program
    .command('ps')
    .summary('list swarms, newest first')
    .option('--limit <n>', 'at most this many, 1 to 100 (default: 20)')
    .option('--status <status>', 'only those: running, paused, completed, failed, …')
    .option('--cursor <cursor>', 'go on after an earlier page')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, list));
};

const list = async (context: Context, { limit, cursor, status, json }: PsOptions): Promise<void> => {
  const { listQuery } = await import('../list-query.js');
  const query = listQuery({ limit, cursor, status });
  const page = await withSwarms(context, 'reachable', (swarms) => swarms.list(query));
  if (json) return context.json(page);
  const { table } = await import('../table.js');
  if (page.swarms.length === 0) context.say('No swarms.');
  else
    for (const line of table(['SWARM', 'STATUS', 'STARTED', 'TOOK', 'MODEL', 'OBJECTIVE'], await rows(page.swarms), context.io.out.isTTY ? context.io.out.columns : 1_000))
      context.print(line);
  if (page.nextCursor !== null) context.say(`More: cf ps --cursor ${page.nextCursor}`);
};

const rows = async (swarms: readonly SwarmListItem[]): Promise<readonly (readonly string[])[]> => {
  const { durationText } = await import('../live-tree.js');
  return swarms.map(({ swarmId, status, startedAt, endedAt, model, simulated, objective, source }) => [
    swarmId,
    source === 'archive' ? `${status} (archive)` : status,
    startedAt.slice(0, 19).replace('T', ' '),
    durationText((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)),
    simulated ? `${model} [simulated]` : model,
    objective,
  ]);
};
