import * as wf from '@temporalio/workflow';
import { shareOf } from '../domain/budget.js';
import { fateOf, interestsOf } from '../domain/fates.js';
import { coordinatorQueue, managerId } from '../domain/names.js';
import { openSlots, type SlotPool } from '../domain/slots.js';
import { allSettled } from '../domain/task-graph.js';
import { specOf, type TaskState } from '../domain/task-state.js';
import { openCounter } from '../domain/versions.js';
import type { Coordinator } from './coordinator.js';
import { snapshotFor, unlessEnded } from './crew.js';
import type { manager } from './manager.js';
import { assignSignal, memberSignal, type Assignment } from './messages.js';
import { runCrew, seated, type Managed, type Seat } from './run-crew.js';

/** What one level of managers is about. */
export interface Level {
  /** The domain a task belongs to; null = it is somebody else's. */
  domainOf(task: TaskState): string | null;
  /** Places for tasks in flight, by now. */
  places(): number;
  /** Calls back when there are other tasks to manage. */
  onChange(listener: () => void): void;
}

/** Runs the graph by one manager per domain; each ends with its tasks. Managers tell each other what became of tasks that the other needs. */
export const manageDomains = async (coordinator: Coordinator, level: Level, slots: SlotPool = openSlots(level.places())): Promise<Managed> => {
  const { input, state, control } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const seats = new Map<string, Seat>();
  const nextVersion = openCounter();
  const nameOf = (task: TaskState): string | null => level.domainOf(task);
  const tasksOf = (name: string): readonly TaskState[] => state.tasks.filter((task) => nameOf(task) === name);
  const ownerOf = (task: TaskState): string | null => seats.get(nameOf(task) ?? '')?.member ?? null;

  const assignmentOf = (name: string): Assignment => {
    const owned = tasksOf(name).filter(({ parent }) => parent === null);
    const needs = new Set(tasksOf(name).flatMap(({ dependsOn }) => dependsOn));
    const interests = interestsOf(state.tasks, ownerOf);
    const own = new Set(owned.map(({ id }) => id));
    return {
      version: nextVersion(),
      owned: owned.map(specOf),
      needed: state.tasks.filter((task) => needs.has(task.id) && nameOf(task) !== name),
      interests: Object.fromEntries(Object.entries(interests).filter(([id]) => own.has(id))),
    };
  };
  /** A domain's tasks and those they need. */
  const known = (name: string): readonly TaskState[] => {
    const ids = new Set(tasksOf(name).flatMap(({ id, dependsOn }) => [id, ...dependsOn]));
    return state.tasks.filter(({ id }) => ids.has(id));
  };
  /** The newcomer first: it must know what it needs before somebody tells it what became of that. */
  const assignAll = async (newcomer: string | null): Promise<void> => {
    const others = seated(seats).filter(({ member, handle }) => member !== newcomer && handle !== null);
    const first = [...seats.values()].find(({ member }) => member === newcomer);
    if (first) await unlessEnded(first.handle?.signal(assignSignal, assignmentOf(first.name)));
    await Promise.all(others.map(({ name, handle }) => unlessEnded(handle?.signal(assignSignal, assignmentOf(name)))));
  };

  /** What has become of somebody else's tasks that ours need, for those who have not been told. */
  const told = new Set<string>();
  const news = (): readonly { readonly seat: Seat; readonly ids: readonly string[] }[] =>
    seated(seats).flatMap((seat) => {
      const needs = new Set(tasksOf(seat.name).flatMap(({ dependsOn }) => dependsOn));
      const ids = [...needs].filter(
        (id) => !told.has(`${seat.member ?? ''} ${id}`) && state.tasks.some((task) => task.id === id && nameOf(task) === null) && fateOf(state.tasks, id) !== null,
      );
      return ids.length === 0 || seat.handle === null ? [] : [{ seat, ids }];
    });
  const passOn = async (): Promise<void> => {
    await Promise.all(
      news().map(({ seat, ids }) => {
        for (const id of ids) told.add(`${seat.member ?? ''} ${id}`);
        return unlessEnded(seat.handle?.signal(memberSignal, { fates: ids.flatMap((id) => fateOf(state.tasks, id) ?? []) }));
      }),
    );
  };

  level.onChange(() => void assignAll(null));
  return runCrew(
    coordinator,
    seats,
    {
      rank: 'manager',
      labelOf: (domain, manager) => ({ domain, manager }),
      places: () => level.places(),
      tasksOf,
      vacant: () => {
        const open = new Set(state.tasks.filter(({ status }) => status === 'pending').map(nameOf));
        return [...open].filter((name) => name !== null).filter((name) => (seats.get(name)?.member ?? null) === null);
      },
      memberId: (name, term) => managerId(workflowId, name, term),
      sharesOf: (free, names) =>
        shareOf(
          free,
          names.map((name) => tasksOf(name).filter(({ status }) => status === 'pending').length),
        ),
      launch: ({ name, lease }, id, places) =>
        wf.startChild<typeof manager>('manager', {
          workflowId: id,
          taskQueue: coordinatorQueue(input.model.provider),
          args: [input, { reportTo: workflowId, assignment: assignmentOf(name), slots: places }, ...snapshotFor(state, known(name), lease, control().paused)],
          staticSummary: `manager of ${name} in ${input.swarmId}`,
          cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        }),
      onStarted: assignAll,
      onControl: () => void assignAll(null),
      isDismissed: () => false,
      onEnded: () => undefined,
      turn: passOn,
      isDue: () => news().length > 0,
      isSettled: () => allSettled(state.tasks.filter((task) => nameOf(task) !== null)),
      isStanding: false,
    },
    slots,
    nextVersion,
  );
};
