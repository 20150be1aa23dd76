import { createLogUpdate } from 'log-update';
import { SwarmError } from '../domain/errors.js';
import type { SwarmView } from '../temporal/views.js';
import type { Context } from './context.js';
import { eventsOf, type FollowRequest } from './follow.js';
import { liveTree } from './live-tree.js';

/** Pause between two reads of the state, however many events come. */
const READ_MS = 250;
const TICK_MS = 1_000;

/** A tree on standard error that is rewritten in place as events come, until the swarm has ended or the signal comes. */
export const followTree = async ({ io: { err }, paintErr }: Context, request: FollowRequest): Promise<void> => {
  const { swarms, swarmId, signal } = request;
  // The cursor stays visible: hiding it would outlive a kill -9 of this process.
  const draw = createLogUpdate(err as unknown as NodeJS.WritableStream, { showCursor: true });
  let latest: { view: SwarmView; readAt: number } | null = null;
  let stale = false;
  let reading: Promise<void> | null = null;

  const paint = (): void => {
    if (latest !== null) draw(liveTree(latest.view, { columns: err.columns, rows: err.rows, paint: paintErr, since: Date.now() - latest.readAt }).join('\n'));
  };
  /** A view that can't be read now is read with the next event. */
  const read = async (): Promise<void> => {
    try {
      latest = { view: await swarms.show(swarmId), readAt: Date.now() };
    } catch (error) {
      if (!(error instanceof SwarmError && error.code === 'unreachable')) throw error;
    }
    paint();
  };
  /** One read at a time; events that come meanwhile cause one more. */
  const readWhileStale = async (): Promise<void> => {
    while (stale && !signal.aborted) {
      stale = false;
      await read();
      await new Promise((resume) => setTimeout(resume, READ_MS));
    }
    reading = null;
  };

  const ticking = setInterval(paint, TICK_MS);
  let failed: unknown = null;
  try {
    for await (const _ of eventsOf(request)) {
      stale = true;
      reading ??= readWhileStale().catch((error: unknown) => {
        failed = error;
      });
      if (failed !== null) throw failed;
    }
    await reading;
    if (!signal.aborted) await read();
  } finally {
    clearInterval(ticking);
    draw.done();
  }
};
