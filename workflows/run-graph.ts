import * as wf from '@temporalio/workflow';
import type { ErrorReport } from '../domain/errors.js';
import { doomedTasks } from '../domain/fates.js';
import { lessonsFor } from '../domain/lessons.js';
import { LIMITS } from '../domain/limits.js';
import { loadOf, recordsOf, releaseAgent, roleOfAgent, selectRole, takeAgent, type Selection } from '../domain/selection.js';
import { decisionOf, type TaskState } from '../domain/task-state.js';
import { allSettled, DECISIONS, dependantsOf, readyTasks } from '../domain/task-graph.js';
import type { Coordinator } from './coordinator.js';
import { rollBackTask } from './effects.js';
import { runTask } from './run-task.js';

/** Which tasks a coordinator runs, and how many at once. */
export interface Desk {
  owns(task: TaskState): boolean;
  slots(): number;
  readonly running: Set<string>;
  /** A task that the budget does not cover stays open, for somebody who has more. */
  readonly isLeased: boolean;
  /** Who does a task, where that is decided and not only computed; before its first term. */
  allocate?(task: TaskState): Promise<Allocation>;
  /** Stays when its tasks have settled, until the swarm wants a hand-over: it may be given more. */
  readonly isStanding?: boolean;
}

/** A role with the reason why; or why nobody can be found. */
export type Allocation = ({ readonly ok: true } & Selection) | { readonly ok: false; readonly failure: ErrorReport };

/** Runs the ready tasks of a desk at once, by priority, until all have settled, the swarm wants a hand-over, or the budget is used up: then returns why, else null. */
export const runGraph = async (coordinator: Coordinator, desk: Desk = wholeGraph(coordinator)): Promise<ErrorReport | null> => {
  const { input, state, pool, emit, control, wantsHandOver } = coordinator;
  const { owns, slots, running } = desk;
  let exhausted: ErrorReport | null = null;

  const fail = (task: TaskState, failure: ErrorReport): void => {
    if (failure.code === 'budget_exhausted') {
      exhausted ??= failure;
      if (desk.isLeased) {
        task.status = 'pending';
        return;
      }
    }
    if (task.onFailure === 'ask' && failure.code !== 'budget_exhausted' && decisionOf(task) !== 'fail')
      return emit({
        type: 'task.asked',
        taskId: task.id,
        ...(task.agentId === null ? {} : { agentId: task.agentId }),
        data: { message: failure.message, failure, answers: DECISIONS },
      });
    if (task.onFailure === 'skip' && failure.code !== 'budget_exhausted') return emit({ type: 'task.skipped', taskId: task.id, data: { because: failure.message, givenUp: true } });
    emit({
      type: 'task.failed',
      taskId: task.id,
      ...(task.agentId === null ? {} : { agentId: task.agentId }),
      data: { code: failure.code, message: failure.message, fix: failure.fix },
    });
    for (const id of dependantsOf(state.tasks, task.id)) emit({ type: 'task.skipped', taskId: id, data: { because: `${task.id} failed` } });
  };

  /** Does what a person decided of a task that asked. */
  const obey = (task: TaskState): void => {
    const { question } = task;
    const decision = decisionOf(task);
    if (!question) return;
    if (decision === 'retry') emit({ type: 'task.retried', taskId: task.id, data: { message: question.message, by: 'a person' } });
    else if (decision === 'skip') emit({ type: 'task.skipped', taskId: task.id, data: { because: question.message, givenUp: true } });
    else fail(task, question);
  };

  const work = async (task: TaskState, agentId: string): Promise<void> => {
    try {
      for (;;) {
        const failure = await runTask(coordinator, task, agentId, roleOfAgent(agentId));
        if (!failure) return;
        if (state.effects.length > 0) await rollBackTask(state, task.id, emit);
        if (failure.code === 'budget_exhausted' || task.tries >= task.retries) return fail(task, failure);
        emit({ type: 'task.retried', taskId: task.id, agentId, data: { message: failure.message } });
      }
    } catch (error) {
      if (!wf.isCancellation(error)) throw error;
      emit({ type: 'task.cancelled', taskId: task.id, agentId });
    } finally {
      releaseAgent(pool, agentId);
      running.delete(task.id);
    }
  };

  const craftOf = (role: string): string => input.roster.find(({ name }) => name === role)?.craft ?? '';
  const begin = (task: TaskState, { role, reason }: Selection): void => {
    // A task taken over from an earlier term keeps its agent, so that its call keys keep their prompts.
    const agentId = task.agentId ?? takeAgent(pool, role);
    pool.busy.add(agentId);
    const lessons = task.lessons ?? lessonsFor(state.lessons, craftOf(roleOfAgent(agentId)), task.id);
    emit({
      type: 'task.assigned',
      taskId: task.id,
      agentId,
      data: { reason, steerings: task.steerings ?? control().steering.length, ...(lessons.length === 0 ? {} : { lessons }) },
    });
    void work(task, agentId);
  };
  const elect = async (task: TaskState, allocate: NonNullable<Desk['allocate']>): Promise<void> => {
    try {
      const allocation = await allocate(task);
      // Whoever takes over finds the vote decided.
      if (allocation.ok && !wantsHandOver()) return begin(task, allocation);
      if (!allocation.ok) fail(task, allocation.failure);
    } catch (error) {
      if (!wf.isCancellation(error)) throw error;
    }
    running.delete(task.id);
  };
  const assign = (task: TaskState): void => {
    running.add(task.id);
    if (desk.allocate && task.agentId === null) void elect(task, desk.allocate);
    else
      begin(
        task,
        selectRole(task, input.roster, loadOf(pool), () => recordsOf(state.tasks)),
      );
  };

  const freeSlots = (): number => (control().paused || wantsHandOver() || exhausted !== null ? 0 : Math.min(slots(), LIMITS.inFlightPerWorkflow) - running.size);
  const mine = (): readonly TaskState[] => state.tasks.filter(owns);
  const isOver = (): boolean => running.size === 0 && ((desk.isStanding !== true && allSettled(mine())) || wantsHandOver() || exhausted !== null);
  const ready = (): readonly TaskState[] => readyTasks(state.tasks).filter((task) => owns(task) && !running.has(task.id));
  const decided = (): readonly TaskState[] => mine().filter((task) => decisionOf(task) !== null);
  const doomed = (): ReturnType<typeof doomedTasks> => doomedTasks(state.tasks).filter(({ task }) => owns(task));
  while (!isOver()) {
    // What somebody else's task has lost for ours.
    for (const { task, because } of doomed()) emit({ type: 'task.skipped', taskId: task.id, data: { because: `${because} failed` } });
    for (const task of decided()) obey(task);
    for (const task of ready().slice(0, freeSlots())) assign(task);
    await wf.condition(() => isOver() || decided().length > 0 || doomed().length > 0 || (freeSlots() > 0 && ready().length > 0));
  }
  return exhausted;
};

export const wholeGraph = ({ input }: Coordinator): Desk => ({ owns: () => true, slots: () => input.maxAgents, running: new Set(), isLeased: false });
