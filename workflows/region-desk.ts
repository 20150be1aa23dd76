import * as wf from '@temporalio/workflow';
import { ancestorOf } from '../domain/fates.js';
import { LIMITS } from '../domain/limits.js';
import type { Entry, Replica } from '../domain/replica.js';
import { isSettled, readyTasks, urgencyOf } from '../domain/task-graph.js';
import { isAtWork, subTasksBelow, type TaskState } from '../domain/task-state.js';
import type { Coordinator } from './coordinator.js';
import { leasePlaces } from './lease-places.js';
import type { RegionPost } from './region.js';
import { openReplicator } from './replicate.js';
import type { Desk } from './run-graph.js';

export interface RegionDesk extends Desk {
  close(): Promise<void>;
}

/** The desk of a region: runs what the shared state places on it, and says in it what became of that. Registers its handlers before anything is awaited. */
export const openRegionDesk = (coordinator: Coordinator, { region, reportTo, placed, regions, slots }: RegionPost): RegionDesk => {
  const { state, control, wantsHandOver } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const running = new Set<string>();
  let closing = false;
  const byId = new Map(state.tasks.map((task) => [task.id, task]));
  const start: Replica = {
    tasks: Object.fromEntries(Object.entries(placed).flatMap(([id, place]) => entryOf(byId.get(id), place, state.tasks))),
    regions,
  };

  /** Entries as they were taken over last. */
  const known = new Map<string, Entry>(Object.entries(start.tasks));
  /** Takes tasks over as others know them, but not those that this one runs: nobody knows them better. */
  const takeOver = (update: Replica, { tasks }: Replica): void => {
    for (const id of Object.keys(update.tasks)) {
      const entry = tasks[id];
      const at = state.tasks.findIndex((task) => task.id === id);
      if (!entry || known.get(id) === entry) continue;
      const before = known.get(id);
      known.set(id, entry);
      if (at >= 0 && entry.region === region && before?.epoch === entry.epoch) continue;
      // A copy: what runs changes its task, and an entry must change by what is said only.
      if (at >= 0) state.tasks[at] = { ...entry.task };
      else state.tasks.push({ ...entry.task });
    }
    waitForSubTasks(state.tasks, Object.values(tasks));
  };
  const replicator = openReplicator({
    start,
    neighbours: () =>
      Object.entries(replicator.replica().regions).flatMap(([name, member]) =>
        name === region || member.workflowId === null ? [] : [{ region: name, workflowId: member.workflowId }],
      ),
    // Where it was placed is the coordinator's to say.
    isOwn: (entry) => entry.region === region && isSettled(entry.task),
    ownsRegions: false,
    onSync: takeOver,
  });

  const placeOf = (task: TaskState): Entry | undefined => replicator.replica().tasks[ancestorOf(state.tasks, task).id];
  const owns = (task: TaskState): boolean => placeOf(task)?.region === region;
  /** Own tasks that have settled and that the shared state does not know to have. */
  const unsaid = (): readonly TaskState[] => {
    const { tasks } = replicator.replica();
    return state.tasks.filter((task) => isSettled(task) && owns(task) && !(tasks[task.id] && isSettled((tasks[task.id] as Entry).task)));
  };
  const sayAll = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => closing || unsaid().length > 0);
      if (closing) return;
      const settled = unsaid().flatMap((task) => {
        const place = placeOf(task);
        return place ? entryOf(task, place, state.tasks) : [];
      });
      replicator.say({ tasks: Object.fromEntries(settled), regions: {} });
    }
  };

  const inFlight = (): number => state.tasks.filter((task) => isAtWork(task) && owns(task)).length;
  const wants = (): number => inFlight() + (control().paused || wantsHandOver() ? 0 : readyTasks(state.tasks).filter(owns).length);
  const lease = leasePlaces({
    reportTo,
    granted: slots,
    wants: () => Math.min(LIMITS.inFlightPerWorkflow, wants()),
    urgency: () => urgencyOf(state.tasks.filter(owns)),
    occupied: inFlight,
  });
  for (const neighbour of Object.values(regions)) if (neighbour.workflowId !== null && neighbour.workflowId !== workflowId) replicator.joined(neighbour.workflowId);
  const pumps = wf.CancellationScope.nonCancellable(() => Promise.all([sayAll(), replicator.run(() => closing), lease.run(() => closing)]));

  return {
    owns,
    slots: lease.places,
    running,
    isLeased: true,
    isStanding: true,
    close: async () => {
      closing = true;
      await pumps;
    },
  };
};

const entryOf = (task: TaskState | undefined, { epoch, region }: Pick<Entry, 'epoch' | 'region'>, tasks: readonly TaskState[]): readonly (readonly [string, Entry])[] =>
  task ? [[task.id, { epoch, region, task: { ...task }, subTasks: subTasksBelow(tasks, task.id) }]] : [];

/** Whoever needs a task that was split needs what it was split into. */
const waitForSubTasks = (tasks: readonly TaskState[], entries: readonly Entry[]): void => {
  for (const { task, subTasks } of entries) {
    if (subTasks.length === 0 || !isSettled(task)) continue;
    for (const other of tasks) if (other.parent !== task.id && other.dependsOn.includes(task.id)) other.dependsOn = [...new Set([...other.dependsOn, ...subTasks])];
  }
};
