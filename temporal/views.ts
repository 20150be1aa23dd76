import type { SwarmStatus } from '../domain/swarm-state.js';

export type { SwarmView, TaskView } from '../domain/view.js';

/** One line of `cf ps` and of `GET /v1/swarms`. */
export interface SwarmListItem {
  readonly swarmId: string;
  readonly status: SwarmStatus;
  readonly topology: string;
  readonly objective: string;
  readonly model: string;
  readonly simulated: boolean;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly source: 'history' | 'archive';
}
