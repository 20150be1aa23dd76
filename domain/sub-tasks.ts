import type { PlanTask } from './contracts.js';
import { LIMITS } from './limits.js';
import type { TaskState } from './task-state.js';
import { validateGraph, type TaskSpec } from './task-graph.js';
import { findTask } from './task-index.js';

/** How often a sub-task may be split again. */
const MAX_DEPTH = 3;

const depthOf = (tasks: readonly TaskState[], task: TaskState): number => {
  let depth = 0;
  for (let at: TaskState | undefined = task; at?.parent; at = findTask(tasks, at.parent)) depth += 1;
  return depth;
};

/** The sub-tasks of `task` as specs of the whole graph: ids below its own, each after it; or why they can't be added. Pure. */
export const subTasksOf = (
  tasks: readonly TaskState[],
  task: TaskState,
  planned: readonly PlanTask[],
  roles: ReadonlySet<string>,
  maxTasks: number,
): { readonly specs: readonly TaskSpec[]; readonly why: string | null } => {
  const refuse = (why: string) => ({ specs: [], why });
  if (depthOf(tasks, task) >= MAX_DEPTH) return refuse(`Sub-tasks go ${MAX_DEPTH} levels deep at most.`);
  if (planned.length > maxTasks) return refuse(`It names ${planned.length} sub-tasks; at most ${maxTasks} may be added at once.`);
  if (tasks.length + planned.length > LIMITS.tasks) return refuse(`The swarm would have more than ${LIMITS.tasks} tasks.`);
  const findings = validateGraph(planned, { roles });
  if (findings.length > 0) return refuse(findings.map(({ message }) => message).join(' '));
  const idOf = (id: string): string => `${task.id}.${id}`;
  const specs = planned.map(({ id, title, role, dependsOn }) => ({ id: idOf(id), title, role, dependsOn: [task.id, ...dependsOn.map(idOf)], priority: task.priority }));
  const clash = specs.find(({ id }) => id.length > 64 || tasks.some((other) => other.id === id));
  return clash ? refuse(`"${clash.id}" is too long or already taken.`) : { specs, why: null };
};

/** Why a task given from outside can't join the graph as it stands; empty when it can. */
export const refusalsOf = (tasks: readonly TaskState[], added: readonly TaskSpec[], roles: ReadonlySet<string>): readonly string[] => {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const dead = added.flatMap(({ id, dependsOn = [] }) =>
    dependsOn
      .filter((need) => ['failed', 'cancelled'].includes(known.get(need)?.status ?? ''))
      .map((need) => `Task "${id}" depends on "${need}", which ${known.get(need)?.status === 'failed' ? 'has failed' : 'was cancelled'}.`),
  );
  const present: readonly TaskSpec[] = tasks.map(({ id, title, dependsOn, priority }) => ({ id, title, dependsOn, priority }));
  return [...validateGraph([...present, ...added], { roles }).map(({ message }) => message), ...dead];
};
