import type { BallotBox } from './ballot.js';
import { tailOf, type SwarmEvent } from './events.js';
import { LIMITS } from './limits.js';
import type { SwarmState } from './swarm-state.js';
import { NEW_TASK, type TaskState } from './task-state.js';

const TASKS_PER_PAGE = 20;
const VOTES_PER_PAGE = 4;

/** The state as several payloads, each inside the inline limit whatever the number of tasks. */
export const packState = (state: SwarmState, keepEvents: number = LIMITS.eventTail): readonly unknown[] => {
  const { tasks, votes, log, ...head } = state;
  const tail = tailOf(log, keepEvents);
  return [{ ...head, firstSeq: tail.firstSeq }, ...pages(tail.events, 'events'), ...pages(tasks, 'tasks'), ...pages(votes, 'votes', VOTES_PER_PAGE)];
};

const pages = (items: readonly unknown[], kind: 'tasks' | 'events' | 'votes', size = TASKS_PER_PAGE): readonly unknown[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => ({ [kind]: items.slice(i * size, (i + 1) * size) }));

/** The inverse of `packState`; what an older version did not pack is empty. */
export const unpackState = ([head, ...rest]: readonly unknown[]): SwarmState => {
  const { firstSeq, ...state } = head as Omit<SwarmState, 'tasks' | 'votes' | 'log'> & { firstSeq: number };
  const of = <T>(kind: string): T[] => rest.flatMap((page) => (page as Record<string, T[]>)[kind] ?? []);
  return {
    ...state,
    disputed: state.disputed ?? false,
    tasks: of<TaskState>('tasks').map((task) => ({ ...NEW_TASK, ...task })),
    votes: of<BallotBox>('votes'),
    log: { firstSeq, events: of<SwarmEvent>('events') },
  };
};
