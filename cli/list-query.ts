import { SWARM_STATUSES, type SwarmStatus } from '../domain/swarm-state.js';
import { listCommand } from '../temporal/commands.js';
import { usageError } from './errors.js';

interface ListFlags {
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
  readonly status?: string | undefined;
}

/** The flags of `cf ps`, checked by the schema every edge shares. */
export const listQuery = (flags: ListFlags): { limit: number; cursor?: string; status?: string } => {
  if (flags.status !== undefined && !SWARM_STATUSES.includes(flags.status as SwarmStatus))
    throw usageError('--status is not usable.', `"${flags.status}" is no status.`, `Give one of ${SWARM_STATUSES.join(', ')}.`);
  const checked = listCommand.safeParse(flags);
  if (!checked.success)
    throw usageError(`--${String(checked.error.issues[0]?.path[0])} is not usable.`, checked.error.issues[0]?.message ?? '', 'Run `cf ps --help` for what it takes.');
  const { limit, cursor, status } = checked.data;
  return { limit, ...(cursor === undefined ? {} : { cursor }), ...(status === undefined ? {} : { status }) };
};
