import type { Check } from '../cli/deps.js';
import { reportOf } from '../domain/errors.js';
import { connectTemporal, type TemporalConnection, type TemporalTarget } from '../temporal/connection.js';
import { readReadiness } from '../temporal/readiness.js';
import { missingSearchAttributes } from '../temporal/search-attributes.js';

interface Request {
  /** The server of this `CF_HOME`, null for a configured one, undefined when nothing runs. */
  readonly target: TemporalTarget | null | undefined;
  readonly queues: readonly string[];
}

const STARTS = 'cf run starts it.';

/** Temporal, its search attributes, a worker for each queue. What is local and not running is a warning, since `cf run` starts it. */
export const temporalChecks = async ({ target, queues }: Request): Promise<readonly Check[]> => {
  if (target === undefined) return [{ name: 'temporal', state: 'warning', found: 'No local server runs.', fix: STARTS }, ...queues.map((queue) => unpolled(queue, false))];
  const remote = target === null;
  let temporal: TemporalConnection;
  try {
    temporal = await connectTemporal(target);
  } catch (error) {
    const { message, why, fix } = reportOf(error);
    return [{ name: 'temporal', state: 'failed', found: `${message} ${why}`, fix }];
  }
  try {
    const { serverVersion, queues: polled } = await readReadiness(temporal.client, queues);
    return [
      {
        name: 'temporal',
        state: 'ok',
        found: `Server ${serverVersion ?? 'of unknown version'} at ${temporal.address}, namespace ${temporal.namespace}${temporal.uiUrl ? `, Web UI ${temporal.uiUrl}` : ''}.`,
        fix: '',
      },
      await attributesCheck(temporal),
      ...queues.map((queue): Check => (polled[queue] ? { name: `queue ${queue}`, state: 'ok', found: 'A worker polls it.', fix: '' } : unpolled(queue, remote))),
    ];
  } finally {
    await temporal.close();
  }
};

const attributesCheck = async ({ connection, namespace }: TemporalConnection): Promise<Check> => {
  const name = 'search attributes';
  try {
    const missing = await missingSearchAttributes(connection, namespace);
    return missing.length === 0
      ? { name, state: 'ok', found: 'All are registered.', fix: '' }
      : { name, state: 'warning', found: `Not registered: ${missing.join(', ')}.`, fix: 'A worker registers them when it starts: cf worker.' };
  } catch (error) {
    return { name, state: 'warning', found: `They can't be listed: ${reportOf(error).message}`, fix: 'Give this client the right to read the namespace.' };
  }
};

const unpolled = (queue: string, remote: boolean): Check => ({
  name: `queue ${queue}`,
  state: remote ? 'failed' : 'warning',
  found: 'No worker polls it.',
  fix: remote ? 'Start one: cf worker' : STARTS,
});
