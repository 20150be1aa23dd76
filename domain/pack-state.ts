import type { BallotBox } from './ballot.js';
import type { Effect } from './effects.js';
import { tailOf, type SwarmEvent } from './events.js';
import { LIMITS } from './limits.js';
import type { SwarmState } from './swarm-state.js';
import { NEW_TASK, type TaskState } from './task-state.js';

/** A page is closed once it has this many bytes of JSON: far enough below the inline limit for one more item, and large enough to deflate well. */
const PAGE_BYTES = 64 * 1024;

/** The state as several payloads, each inside the inline limit whatever the number of tasks. */
export const packState = (state: SwarmState, keepEvents: number = LIMITS.eventTail): readonly unknown[] => {
  const { tasks, votes, effects, log, ...head } = state;
  const tail = tailOf(log, keepEvents);
  return [{ ...head, firstSeq: tail.firstSeq }, ...pages(tail.events, 'events'), ...pages(tasks, 'tasks'), ...pages(votes, 'votes'), ...pages(effects, 'effects')];
};

const pages = (items: readonly unknown[], kind: 'tasks' | 'events' | 'votes' | 'effects'): readonly unknown[] => {
  const filled: unknown[][] = [];
  let bytes = PAGE_BYTES;
  for (const item of items) {
    if (bytes >= PAGE_BYTES) {
      filled.push([]);
      bytes = 0;
    }
    filled.at(-1)?.push(item);
    bytes += JSON.stringify(item).length;
  }
  return filled.map((page) => ({ [kind]: page }));
};

/** The inverse of `packState`; what an older version did not pack is empty. */
export const unpackState = ([head, ...rest]: readonly unknown[]): SwarmState => {
  const { firstSeq, ...state } = head as Omit<SwarmState, 'tasks' | 'votes' | 'effects' | 'log'> & { firstSeq: number };
  const of = <T>(kind: string): T[] => rest.flatMap((page) => (page as Record<string, T[]>)[kind] ?? []);
  return {
    ...state,
    disputed: state.disputed ?? false,
    tasks: of<TaskState>('tasks').map((task) => ({ ...NEW_TASK, ...task })),
    votes: of<BallotBox>('votes'),
    counted: state.counted ?? {},
    lessons: state.lessons ?? [],
    workspace: state.workspace ?? null,
    effects: of<Effect>('effects'),
    log: { firstSeq, events: of<SwarmEvent>('events') },
  };
};
