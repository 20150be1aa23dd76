import { LIMITS } from './limits.js';

export const TASK_STATUSES = ['pending', 'ready', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export const ON_FAILURE = ['fail', 'skip', 'ask'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

/** What a person may answer when a task that failed asks. */
export const DECISIONS = ['retry', 'skip', 'fail'] as const;
export type TaskDecision = (typeof DECISIONS)[number];

/** One node of the graph as a plan or a spec file states it. */
export interface TaskSpec {
  readonly id: string;
  /** What is to be done; reaches the model verbatim. */
  readonly title: string;
  readonly role?: string;
  readonly dependsOn?: readonly string[];
  /** 1 (first) to 5 (last); 3 unless told. */
  readonly priority?: number;
  /** Milliseconds for one model call of this task. */
  readonly timeoutMs?: number;
  /** Output contract; that of the role unless told. `plan` makes the answer's tasks sub-tasks. */
  readonly output?: string;
  /** Times a task that failed is done again; 0 unless told. */
  readonly retries?: number;
  /** What a task that failed for good means for those that need it: `fail` skips them, `skip` lets them go on without it, `ask` waits for a person to say which, or to have it done again. */
  readonly onFailure?: OnFailure;
}

export type GraphRule =
  | 'empty'
  | 'too_many'
  | 'bad_id'
  | 'empty_title'
  | 'title_too_long'
  | 'duplicate_id'
  | 'unknown_dependency'
  | 'self_dependency'
  | 'cycle'
  | 'unknown_role'
  | 'bad_priority';

export interface GraphFinding {
  readonly rule: GraphRule;
  readonly taskId: string | null;
  readonly message: string;
}

export const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const finding = (rule: GraphRule, taskId: string | null, message: string): GraphFinding => ({ rule, taskId, message });

/** Every reason why a graph can't be run, empty when it can; pure, O(tasks + edges). `roles` null accepts any role. */
export const validateGraph = (
  tasks: readonly TaskSpec[],
  { maxTasks = LIMITS.tasks, roles = null }: { maxTasks?: number; roles?: ReadonlySet<string> | null } = {},
): readonly GraphFinding[] => {
  if (tasks.length === 0) return [finding('empty', null, 'The plan has no tasks.')];
  if (tasks.length > maxTasks) return [finding('too_many', null, `The plan has ${tasks.length} tasks; at most ${maxTasks} are allowed.`)];
  const ids = new Set(tasks.map((task) => task.id));
  const findings = [...duplicates(tasks), ...tasks.flatMap((task) => taskFindings(task, ids, roles))];
  const cycle = findCycle(tasks);
  return cycle === null ? findings : [...findings, finding('cycle', cycle[0] ?? null, `The tasks depend on each other in a circle: ${cycle.join(' → ')}.`)];
};

const duplicates = (tasks: readonly TaskSpec[]): GraphFinding[] => {
  const seen = new Set<string>();
  return tasks.flatMap(({ id }) => {
    if (seen.has(id)) return [finding('duplicate_id', id, `Two tasks have the id "${id}".`)];
    seen.add(id);
    return [];
  });
};

const taskFindings = (task: TaskSpec, ids: ReadonlySet<string>, roles: ReadonlySet<string> | null): GraphFinding[] => {
  const { id, title, role, priority, dependsOn = [] } = task;
  const found: GraphFinding[] = [];
  if (!TASK_ID.test(id)) found.push(finding('bad_id', id, `"${id}" is not a task id (letters, digits, ". _ -", at most 64).`));
  if (title.trim() === '') found.push(finding('empty_title', id, `Task "${id}" has no title.`));
  if (title.length > LIMITS.taskTitleBytes) found.push(finding('title_too_long', id, `Task "${id}" has a title of more than ${LIMITS.taskTitleBytes} characters.`));
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 5))
    found.push(finding('bad_priority', id, `Task "${id}" has priority ${priority}; it must be a whole number from 1 to 5.`));
  if (role !== undefined && roles !== null && !roles.has(role)) found.push(finding('unknown_role', id, `Task "${id}" names the role "${role}", which this swarm does not have.`));
  for (const dependency of dependsOn) {
    if (dependency === id) found.push(finding('self_dependency', id, `Task "${id}" depends on itself.`));
    else if (!ids.has(dependency)) found.push(finding('unknown_dependency', id, `Task "${id}" depends on "${dependency}", which is not in the plan.`));
  }
  return found;
};

/** Kahn's algorithm: what can't be ordered holds a cycle; one is walked out of it. Null when the graph has none. */
const findCycle = (tasks: readonly TaskSpec[]): readonly string[] | null => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const open = new Map(tasks.map((task) => [task.id, new Set((task.dependsOn ?? []).filter((d) => d !== task.id && byId.has(d)))]));
  const dependants = new Map<string, string[]>();
  for (const [id, needs] of open) for (const need of needs) dependants.set(need, [...(dependants.get(need) ?? []), id]);
  const queue = [...open].filter(([, needs]) => needs.size === 0).map(([id]) => id);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    open.delete(id);
    for (const next of dependants.get(id) ?? []) {
      const needs = open.get(next);
      if (needs?.delete(id) && needs.size === 0) queue.push(next);
    }
  }
  const start = open.keys().next().value;
  if (start === undefined) return null;
  const walk: string[] = [];
  for (let id: string | undefined = start; id !== undefined; id = open.get(id)?.values().next().value) {
    const at = walk.indexOf(id);
    if (at >= 0) return [...walk.slice(at), id];
    walk.push(id);
  }
  return [start];
};

/** The part of a running task that scheduling reads. */
export interface SchedulableTask {
  readonly id: string;
  readonly status: TaskStatus;
  readonly dependsOn: readonly string[];
  readonly priority: number;
  readonly givenUp?: boolean;
}

/** A task that was given up by its policy counts as done: those that need it go on without its result. */
export const isDone = ({ status, givenUp }: SchedulableTask): boolean => status === 'succeeded' || (status === 'skipped' && givenUp === true);

/** Tasks whose dependencies are all done, by priority, then in the order of the plan. */
export const readyTasks = <T extends SchedulableTask>(tasks: readonly T[]): readonly T[] => {
  const done = new Set(tasks.filter(isDone).map((task) => task.id));
  return tasks.filter((task) => (task.status === 'pending' || task.status === 'ready') && task.dependsOn.every((id) => done.has(id))).sort((a, b) => a.priority - b.priority);
};

/** Priority of the most urgent task that has not begun; 5 where all have. */
export const urgencyOf = (tasks: readonly SchedulableTask[]): number =>
  tasks.reduce((most, { status, priority }) => (status === 'pending' || status === 'ready' ? Math.min(most, priority) : most), 5);

/** Ids of every unsettled task that waits, directly or not, on `failedId`; in the order of the plan. */
export const dependantsOf = (tasks: readonly SchedulableTask[], failedId: string): readonly string[] => {
  const doomed = new Set([failedId]);
  for (let grew = true; grew; ) {
    const before = doomed.size;
    for (const task of tasks) if (task.dependsOn.some((id) => doomed.has(id))) doomed.add(task.id);
    grew = doomed.size > before;
  }
  return tasks.filter((task) => task.id !== failedId && doomed.has(task.id) && (task.status === 'pending' || task.status === 'ready')).map((task) => task.id);
};

/** True when the task can't change any more. */
export const isSettled = ({ status }: Pick<SchedulableTask, 'status'>): boolean => status !== 'pending' && status !== 'ready' && status !== 'running';

/** True when no task can change any more. */
export const allSettled = (tasks: readonly SchedulableTask[]): boolean => tasks.every(isSettled);
