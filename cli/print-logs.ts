import { type Context, withSwarms } from './context.js';
import { eventLine } from './event-line.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { eventsOf } from './follow.js';
import { INTERRUPTED, untilInterrupted } from './interrupt.js';
import { safeJson } from './safe-text.js';
import { sinceFlag } from './watch-swarm.js';

export interface LogsOptions {
  readonly since?: string;
  readonly follow?: boolean;
  readonly jsonl?: boolean;
}

/** Events of a swarm on standard output, in order; those that are there, or with `--follow` all until the end. */
export const printLogs = async (context: Context, { since, follow, jsonl }: LogsOptions, swarmId: string): Promise<ExitCode> => {
  const afterSeq = sinceFlag(since);
  const done = await untilInterrupted(context.io, (signal) =>
    withSwarms(context, 'reachable', async (swarms) => {
      const { simulated } = await swarms.show(swarmId);
      const request = { swarms, swarmId, afterSeq, signal };
      const events = follow ? eventsOf(request) : swarms.events(swarmId, { afterSeq, follow: false, signal });
      for await (const event of events) context.print(jsonl ? safeJson(event) : eventLine(event, { simulated, columns: context.io.out.isTTY ? context.io.out.columns : 500 }));
    }),
  );
  return done === INTERRUPTED ? EXIT.interrupted : EXIT.ok;
};
