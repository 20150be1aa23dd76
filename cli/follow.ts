import { setTimeout as delay } from 'node:timers/promises';
import type { SwarmEvent } from '../domain/events.js';
import { SwarmError } from '../domain/errors.js';
import type { Swarms } from '../temporal/port.js';
import type { Context } from './context.js';
import { eventLine } from './event-line.js';
import { safeJson } from './safe-text.js';

export interface FollowRequest {
  readonly swarms: Swarms;
  readonly swarmId: string;
  readonly afterSeq: number;
  readonly simulated: boolean;
  readonly signal: AbortSignal;
}

/** Each event once and in order until the swarm has ended; ends quietly when the signal comes. */
export async function* eventsOf({ swarms, swarmId, afterSeq, signal }: Omit<FollowRequest, 'simulated'>): AsyncGenerator<SwarmEvent> {
  try {
    yield* swarms.events(swarmId, { afterSeq, follow: true, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export type FollowStyle = 'jsonl' | 'tree' | 'lines' | 'nothing';

/** Follows a swarm: events as JSON on standard output, a live tree or lines for people, or nothing. */
export const follow = async (context: Context, request: FollowRequest, style: FollowStyle): Promise<void> => {
  if (style === 'tree') return (await import('./follow-tree.js')).followTree(context, request);
  for await (const event of eventsOf(request)) {
    if (style === 'jsonl') context.io.out.write(`${safeJson(event)}\n`);
    if (style === 'lines') context.sayPainted(eventLine(event, { simulated: request.simulated }));
  }
};

/** The style that fits flags and terminal. */
export const styleOf = ({ io, flags }: Context, { jsonl, since }: { jsonl?: boolean | undefined; since?: string | undefined }): FollowStyle => {
  if (jsonl) return 'jsonl';
  if (flags.quiet) return 'nothing';
  return io.err.isTTY && since === undefined ? 'tree' : 'lines';
};

const ATTEMPTS = 120;
const RETRY_MS = 500;

/** Reads what must be there once a swarm has been seen; a server or worker that is being restarted is waited for, one minute at most. */
export const readPatiently = async <T>({ deps }: Context, read: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SwarmError && error.code === 'unreachable') || attempt >= ATTEMPTS) throw error;
      await delay(deps.retryMs ?? RETRY_MS);
    }
  }
};
