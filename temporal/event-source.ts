import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SwarmError } from '../domain/errors.js';
import type { SwarmEvent } from '../domain/events.js';
import { eventsQuery, type EventsReply } from '../workflows/messages.js';
import type { ArchivePort } from './archive-reader.js';
import { asSwarmError } from './failures.js';
import { untilClosed } from './until-closed.js';

interface Source {
  readonly client: Client;
  readonly archive: ArchivePort;
}

interface Follow {
  readonly afterSeq: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

/** Time between two looks at a swarm in which nothing happens, ms; a query costs its worker 11 ms. */
const POLL_MS = { shortest: 150, longest: 1_000 } as const;

/** Every event above `afterSeq` once, in order, without gaps; across continue-as-new, lost workers and restarts of the server; ends after `swarm.ended`. */
export async function* followEvents(source: Source, swarmId: string, { afterSeq, follow, signal }: Follow): AsyncGenerator<SwarmEvent> {
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  // The end shows at once, however long the pause is just then.
  const closed = follow ? untilClosed(source.client, swarmId, stop) : Promise.resolve();
  let isClosed = false;
  void closed.then(() => (isClosed = true));
  let seen = afterSeq;
  let pause: number = POLL_MS.shortest;
  try {
    for (;;) {
      const page = await readPage(source, swarmId, seen, follow, signal);
      for (const event of page.events) {
        if (event.seq !== seen + 1) break;
        seen = event.seq;
        yield event;
        if (event.type === 'swarm.ended') return;
      }
      if (page.events.length === 0 && (!follow || page.ended)) return;
      if (page.lastSeq > seen) continue;
      if (!follow) return;
      pause = page.events.length > 0 ? POLL_MS.shortest : Math.min(POLL_MS.longest, pause * 1.5);
      const paused = delay(pause, undefined, { signal: stop });
      await (isClosed ? paused : Promise.race([paused, closed]));
      signal?.throwIfAborted();
    }
  } finally {
    left.abort();
  }
}

type Page = Pick<EventsReply, 'events' | 'lastSeq' | 'ended'>;

/** One page, from the run that holds it, else from the read model; while following, an outage of the server is waited out. */
const readPage = async (source: Source, swarmId: string, afterSeq: number, follow: boolean, signal?: AbortSignal): Promise<Page> => {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await queryPage(source, swarmId, afterSeq);
    } catch (error) {
      const failure = asSwarmError(error, swarmId);
      if (failure.code === 'not_found') return archivedPage(source, swarmId, afterSeq, failure);
      if (!follow || failure.code !== 'unreachable') throw failure;
      await delay(POLL_MS.longest, undefined, signal ? { signal } : {});
    }
  }
};

const queryPage = async ({ client, archive }: Source, swarmId: string, afterSeq: number): Promise<Page> => {
  const reply = await client.workflow.getHandle(swarmId).query(eventsQuery, afterSeq);
  if (reply.readRunId === null) return reply;
  const earlier = await client.workflow
    .getHandle(swarmId, reply.readRunId)
    .query(eventsQuery, afterSeq)
    .catch(() => null);
  const events = earlier?.events ?? archive.events(swarmId, afterSeq, 500);
  if (events.length > 0) return { ...reply, events };
  throw new SwarmError({
    code: 'not_found',
    message: `Events ${afterSeq + 1} and later of ${swarmId} are gone.`,
    why: 'The run that held them is past its retention and the read model does not have them.',
    fix: 'Read from a later number with --since.',
  });
};

const archivedPage = ({ archive }: Source, swarmId: string, afterSeq: number, missing: SwarmError): Page => {
  if (archive.get(swarmId) === null) throw missing;
  const events = archive.events(swarmId, afterSeq, 500);
  return { events, lastSeq: events.at(-1)?.seq ?? afterSeq, ended: true };
};
