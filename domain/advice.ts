import { domainOf } from './partition.js';
import { TOPOLOGIES, type Topology } from './names.js';
import type { Candidate } from './selection.js';
import type { TaskState } from './task-state.js';

/** What tells graphs apart when a topology is chosen. */
export interface GraphShape {
  readonly tasks: number;
  /** Tasks of the longest chain. */
  readonly depth: number;
  /** Most tasks at one distance from the start. */
  readonly width: number;
  readonly crafts: number;
  /** Dependencies between tasks of two crafts. */
  readonly handOvers: number;
  readonly regions: number;
}

/** Pure; the graph has no circles. */
export const shapeOf = (tasks: readonly TaskState[], roster: readonly Candidate[], regions: number): GraphShape => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const levels = new Map<string, number>();
  const levelOf = (task: TaskState): number => {
    const known = levels.get(task.id);
    if (known !== undefined) return known;
    const level = 1 + Math.max(0, ...task.dependsOn.flatMap((id) => byId.get(id) ?? []).map(levelOf));
    levels.set(task.id, level);
    return level;
  };
  const crafts = new Map(tasks.map((task) => [task.id, domainOf(tasks, task, roster)]));
  const widths = new Map<number, number>();
  for (const task of tasks) widths.set(levelOf(task), (widths.get(levelOf(task)) ?? 0) + 1);
  return {
    tasks: tasks.length,
    depth: Math.max(0, ...levels.values()),
    width: Math.max(0, ...widths.values()),
    crafts: new Set(crafts.values()).size,
    handOvers: tasks.reduce((sum, { id, dependsOn }) => sum + dependsOn.filter((need) => crafts.has(need) && crafts.get(need) !== crafts.get(id)).length, 0),
    regions,
  };
};

/** Tasks above which one coordinator is relieved by managers. */
const MANY_TASKS = 50;
/** Tasks that start at once, above which peers that share them out pay. */
const WIDE = 12;

/** The choice where no advisor gives a usable one, with the figure that decided. */
export const topologyByRule = ({ tasks, depth, width, crafts, regions }: GraphShape): { readonly topology: Topology; readonly why: string } => {
  if (regions > 1) return { topology: 'distributed', why: `${regions} regions are there to be used` };
  if (tasks > MANY_TASKS && crafts > 1) return { topology: 'hierarchical', why: `${tasks} tasks of ${crafts} crafts are more than one coordinator should hold` };
  if (width >= WIDE && depth <= 2) return { topology: 'mesh', why: `${width} tasks can run side by side and hardly wait for each other` };
  return { topology: 'queen', why: `${tasks} tasks in ${depth} steps need no more than one coordinator` };
};

/** The topology that an answer names, in whatever words; null when it names none or several. */
export const topologyIn = (choice: string): Topology | null => {
  const named = TOPOLOGIES.filter((topology) => new RegExp(`\\b${topology}\\b`, 'i').test(choice));
  return named.length === 1 ? (named[0] ?? null) : null;
};
