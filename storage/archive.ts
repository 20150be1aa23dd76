import { and, asc, desc, eq, gt, lt } from 'drizzle-orm';
import type { SwarmEvent } from '../domain/events.js';
import type { Store } from './database.js';
import type { SwarmArchive } from './port.js';
import { events, swarms } from './schema.js';

/** The read model of ended swarms on SQLite. */
export const createArchive = (store: Store): SwarmArchive => ({
  save: (swarm) => {
    store.insert(swarms).values(swarm).onConflictDoUpdate({ target: swarms.swarmId, set: swarm }).run();
  },
  saveEvents: (swarmId, page) => {
    if (page.length === 0) return;
    store
      .insert(events)
      .values(page.map((event) => ({ swarmId, seq: event.seq, event: JSON.stringify(event) })))
      .onConflictDoNothing()
      .run();
  },
  get: (swarmId) => store.select().from(swarms).where(eq(swarms.swarmId, swarmId)).get() ?? null,
  list: ({ limit, before, status }) =>
    store
      .select()
      .from(swarms)
      .where(and(before === undefined ? undefined : lt(swarms.startedAt, before), status === undefined ? undefined : eq(swarms.status, status)))
      .orderBy(desc(swarms.startedAt))
      .limit(limit)
      .all(),
  events: (swarmId, afterSeq, limit) =>
    store
      .select({ event: events.event })
      .from(events)
      .where(and(eq(events.swarmId, swarmId), gt(events.seq, afterSeq)))
      .orderBy(asc(events.seq))
      .limit(limit)
      .all()
      .map(({ event }) => JSON.parse(event) as SwarmEvent),
});
