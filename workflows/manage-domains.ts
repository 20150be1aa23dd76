import * as wf from '@temporalio/workflow';
import { shareOf } from '../domain/budget.js';
import { fateOf, interestsOf } from '../domain/fates.js';
import { coordinatorQueue, managerId } from '../domain/names.js';
import { openSlots, type SlotPool } from '../domain/slots.js';
import { taskOf } from '../domain/swarm-state.js';
import { allSettled } from '../domain/task-graph.js';
import { isAsking, specOf, type TaskState } from '../domain/task-state.js';
import { openCounter } from '../domain/versions.js';
import type { Coordinator } from './coordinator.js';
import { snapshotFor, unlessEnded } from './crew.js';
import type { manager } from './manager.js';
import { assignSignal, memberSignal, type Assignment } from './messages.js';
import { FAIR_PLACES, runCrew, seated, type Managed, type Seat } from './run-crew.js';

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
export const manageDomains = async (coordinator: Coordinator, level: Level, slots: SlotPool = openSlots(level.places(), wf.patched(FAIR_PLACES))): Promise<Managed> => {
  const { input, state, control } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const seats = new Map<string, Seat>();
  const nextVersion = openCounter();
  // Earlier runs told everybody everything each time, and nobody what those who were gone had settled.
  const isCurrent = wf.patched('tell what is new, to those that are there');
  // A signal to a member that is just ending takes the server two seconds to refuse: earlier runs waited for it.
  const isPatient = !wf.patched('pass news on without waiting');
  /** Domains do not change; that a task is nobody's here may. */
  const names = new Map<string, string>();
  const nameOf = (task: TaskState): string | null => {
    const name = names.get(task.id) ?? level.domainOf(task);
    if (name !== null) names.set(task.id, name);
    return name;
  };
  const tasksOf = (name: string): readonly TaskState[] => state.tasks.filter((task) => nameOf(task) === name);
  /** Nobody is told of a manager before it is there: what is sent to it earlier is lost. */
  const ownerOf = (task: TaskState): string | null => {
    const seat = seats.get(nameOf(task) ?? '');
    return seat?.handle ? seat.member : null;
  };

  const assignmentOf = (name: string, interests = interestsOf(state.tasks, ownerOf)): Omit<Assignment, 'version'> => {
    const tasks = tasksOf(name);
    const owned = tasks.filter(({ parent }) => parent === null);
    const needs = new Set(tasks.flatMap(({ dependsOn }) => dependsOn));
    return {
      owned: owned.map(specOf),
      needed: state.tasks.filter((task) => needs.has(task.id) && nameOf(task) !== name),
      interests: Object.fromEntries(owned.flatMap(({ id }) => (interests[id] ? [[id, interests[id]]] : []))),
    };
  };
  /** What each member has been told of its tasks: it is told again only what is new. */
  const assigned = new Map<string, Set<string>>();
  const isNews = (member: string, { owned, needed, interests }: Omit<Assignment, 'version'>): boolean => {
    const has = assigned.get(member) ?? new Set();
    assigned.set(member, has);
    const before = has.size;
    for (const { id } of owned) has.add(`owned ${id}`);
    for (const { id } of needed) has.add(`needed ${id}`);
    for (const [id, recipients] of Object.entries(interests)) for (const recipient of recipients) has.add(`${id} ${recipient}`);
    return has.size > before;
  };
  /** A domain's tasks and those they need. */
  const known = (name: string): readonly TaskState[] => {
    const ids = new Set(tasksOf(name).flatMap(({ id, dependsOn }) => [id, ...dependsOn]));
    return state.tasks.filter(({ id }) => ids.has(id));
  };
  /** The newcomer first: it must know what it needs before somebody tells it what became of that. */
  const assignAll = async (newcomer: string | null): Promise<void> => {
    const interests = interestsOf(state.tasks, ownerOf);
    const assign = ({ name, member, handle }: Seat): Promise<void> => {
      const assignment = assignmentOf(name, interests);
      const isDue = isNews(member ?? '', assignment) || !isCurrent;
      return unlessEnded(isDue ? handle?.signal(assignSignal, { ...assignment, version: nextVersion() }) : undefined);
    };
    const others = seated(seats).filter(({ member, handle }) => member !== newcomer && handle !== null);
    const first = [...seats.values()].find(({ member }) => member === newcomer);
    if (first?.member) await assign(first);
    await Promise.all(others.map(assign));
  };

  /** Tasks that a domain needs from elsewhere, by the domain they belong to (null = nobody's here): id → who needs it. Built anew when there are other tasks. */
  let needs: { readonly tasks: number; readonly byOwner: ReadonlyMap<string | null, ReadonlyMap<string, Set<string>>> } | null = null;
  const neededElsewhere = (): ReadonlyMap<string | null, ReadonlyMap<string, Set<string>>> => {
    if (needs?.tasks === state.tasks.length) return needs.byOwner;
    const byOwner = new Map<string | null, Map<string, Set<string>>>();
    for (const task of state.tasks) {
      const name = nameOf(task);
      for (const id of name === null ? [] : task.dependsOn) {
        const needed = taskOf(state, id);
        const owner = needed ? nameOf(needed) : name;
        if (name === null || owner === name) continue;
        const ids = byOwner.get(owner) ?? new Map<string, Set<string>>();
        byOwner.set(owner, ids.set(id, (ids.get(id) ?? new Set()).add(name)));
      }
    }
    needs = { tasks: state.tasks.length, byOwner };
    return byOwner;
  };
  /** Whoever owns it can't say what became of it. */
  const isGone = (owner: string | null): boolean => owner === null || (isCurrent && (seats.get(owner)?.handle ?? null) === null);
  /** What has become of tasks whose owner is gone or is somebody else's, for those who need them and have not been told. */
  const told = new Set<string>();
  const news = (): readonly { readonly seat: Seat; readonly ids: readonly string[] }[] => {
    const open = new Map<Seat, string[]>();
    for (const [owner, ids] of neededElsewhere())
      for (const [id, names] of isGone(owner) ? ids : [])
        for (const name of names) {
          const seat = seats.get(name);
          if (seat?.member && seat.handle !== null && !told.has(`${seat.member} ${id}`) && fateOf(state.tasks, id) !== null) open.set(seat, [...(open.get(seat) ?? []), id]);
        }
    return [...open].map(([seat, ids]) => ({ seat, ids }));
  };
  const passOn = async (): Promise<void> => {
    await Promise.all(
      news().map(({ seat, ids }) => {
        for (const id of ids) told.add(`${seat.member ?? ''} ${id}`);
        return unlessEnded(seat.handle?.signal(memberSignal, { fates: ids.flatMap((id) => fateOf(state.tasks, id) ?? []) }));
      }),
    );
  };

  level.onChange(() => {
    needs = null;
    void assignAll(null);
  });
  return runCrew(
    coordinator,
    seats,
    {
      rank: 'manager',
      labelOf: (domain, manager) => ({ domain, manager }),
      places: () => level.places(),
      tasksOf,
      vacant: () => {
        const open = new Set(state.tasks.filter((task) => task.status === 'pending' || isAsking(task)).map(nameOf));
        return [...open].filter((name) => name !== null).filter((name) => (seats.get(name)?.member ?? null) === null);
      },
      memberId: (name, term) => managerId(workflowId, name, term),
      sharesOf: (free, names) =>
        shareOf(
          free,
          names.map((name) => tasksOf(name).filter(({ status }) => status === 'pending').length),
        ),
      launch: ({ name, lease }, id, places) => {
        const assignment = assignmentOf(name);
        isNews(id, assignment);
        return wf.startChild<typeof manager>('manager', {
          workflowId: id,
          taskQueue: coordinatorQueue(input.model.provider),
          args: [
            input,
            { reportTo: workflowId, assignment: { ...assignment, version: nextVersion() }, slots: places },
            ...snapshotFor(state, known(name), lease, control().paused),
          ],
          staticSummary: `manager of ${name} in ${input.swarmId}`,
          cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        });
      },
      onStarted: assignAll,
      onControl: () => void assignAll(null),
      isDismissed: () => false,
      onEnded: () => undefined,
      turn: async () => {
        const passing = passOn();
        if (isPatient) await passing;
      },
      isDue: () => news().length > 0,
      isSettled: () => allSettled(state.tasks.filter((task) => nameOf(task) !== null)),
      isStanding: false,
    },
    slots,
    nextVersion,
  );
};
