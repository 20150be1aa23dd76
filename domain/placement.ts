import { ancestorOf } from './fates.js';
import { isSettled } from './task-graph.js';
import type { TaskState } from './task-state.js';

/** A region as the balancer sees it. */
export interface RegionLoad {
  readonly name: string;
  /** Relative price of a call there; 1 unless told. */
  readonly cost: number;
  /** Tasks of this swarm that are placed there and not settled. */
  readonly open: number;
  /** Calls of all swarms that wait for a worker there, as the server counts them. */
  readonly backlog: number;
}

export interface Placement {
  readonly taskId: string;
  readonly region: string;
  /** Shown to the user: why there. */
  readonly reason: string;
}

/** Bytes that the result of a task which is not there yet counts for. */
const EXPECTED_BYTES = 2_048;

/** How much of what a task needs is in a region, 0 to 1; 0 where it needs nothing. */
const localityOf = (tasks: ReadonlyMap<string, TaskState>, { dependsOn }: TaskState, region: string, regionOf: (task: TaskState) => string | null): number => {
  const inputs = dependsOn.flatMap((id) => tasks.get(id) ?? []);
  const bytes = (task: TaskState): number => task.output?.bytes ?? (isSettled(task) ? 0 : EXPECTED_BYTES);
  const all = inputs.reduce((sum, task) => sum + bytes(task), 0);
  return all === 0 ? 0 : inputs.filter((task) => regionOf(task) === region).reduce((sum, task) => sum + bytes(task), 0) / all;
};

/** What can be placed now: nobody has it, it is not over, and all it needs is settled or has a place; by priority, then in the order of the plan. */
const candidatesOf = (tasks: readonly TaskState[], regionOf: (task: TaskState) => string | null): readonly TaskState[] => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const split = new Set(tasks.filter((task) => task.parent !== null && !isSettled(task)).map((task) => ancestorOf(tasks, task).id));
  const isOpen = (task: TaskState): boolean => task.parent === null && regionOf(task) === null && (!isSettled(task) || split.has(task.id));
  const hasPlace = (id: string): boolean => {
    const need = byId.get(id);
    return need === undefined || isSettled(need) || regionOf(need) !== null;
  };
  return tasks.filter((task) => isOpen(task) && task.dependsOn.every(hasPlace)).sort((a, b) => a.priority - b.priority);
};

/**
 * Places tasks on regions, at most `room` open ones on each, so that later tasks go where it is quiet then. A region's score is the calls that wait there times
 * its price, halved where all that the task needs is there already; the lowest wins, then the first by name. Pure.
 */
export const placeTasks = (tasks: readonly TaskState[], placedAt: (task: TaskState) => string | null, regions: readonly RegionLoad[], room: number): readonly Placement[] => {
  const placed = new Map<string, Placement>();
  const open = new Map(regions.map((region) => [region.name, region.open]));
  const regionOf = (task: TaskState): string | null => placed.get(ancestorOf(tasks, task).id)?.region ?? placedAt(task);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const quiet = (): readonly RegionLoad[] => regions.filter(({ name }) => (open.get(name) ?? 0) < room);
  for (let found = candidatesOf(tasks, regionOf); found.length > 0 && quiet().length > 0; found = candidatesOf(tasks, regionOf)) {
    for (const task of found) {
      const ranked = quiet()
        .map(({ name, cost, backlog }) => {
          const [own, locality] = [open.get(name) ?? 0, localityOf(byId, task, name, regionOf)];
          return { name, cost, backlog, own, locality, score: ((own + backlog + 1) * cost) / (1 + locality) };
        })
        .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
      const [best] = ranked;
      if (!best) break;
      open.set(best.name, best.own + 1);
      const reason = `${best.own} open and ${best.backlog} waiting there, cost ${best.cost}, ${Math.round(best.locality * 100)} % of what it needs is there (best of ${ranked.length})`;
      placed.set(task.id, { taskId: task.id, region: best.name, reason });
    }
  }
  return [...placed.values()];
};

/** True when `placeTasks` would place something. */
export const canPlace = (tasks: readonly TaskState[], placedAt: (task: TaskState) => string | null, regions: readonly RegionLoad[], room: number): boolean =>
  regions.some(({ open }) => open < room) && candidatesOf(tasks, placedAt).length > 0;
