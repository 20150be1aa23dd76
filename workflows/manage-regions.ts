import * as wf from '@temporalio/workflow';
import type { RegionActivities } from '../activities/regions.js';
import { NOTHING, shareOf } from '../domain/budget.js';
import { ancestorOf } from '../domain/fates.js';
import { LOCAL_REGION, regionId, regionLanes } from '../domain/names.js';
import { canPlace, placeTasks, type RegionLoad } from '../domain/placement.js';
import { EMPTY, type Entry } from '../domain/replica.js';
import { openSlots } from '../domain/slots.js';
import type { RegionSpec } from '../domain/swarm-input.js';
import { allSettled, isSettled } from '../domain/task-graph.js';
import { subTasksBelow, type TaskState } from '../domain/task-state.js';
import { attendRegion } from './attend-region.js';
import type { Coordinator } from './coordinator.js';
import { snapshotFor } from './crew.js';
import { FENCE, GREETING_MS, READ_QUEUES } from './options.js';
import type { region } from './region.js';
import { openReplicator } from './replicate.js';
import { FAIR_PLACES, runCrew, seated, type Managed, type Seat } from './run-crew.js';

const { readBacklogs } = wf.proxyActivities<RegionActivities>(READ_QUEUES);
const { fence } = wf.proxyActivities<RegionActivities>(FENCE);

/** Where a settled task is that no region has; no name of a region. */
const NOBODY = '(nobody)';
/** While tasks wait for a place, the queues are read this often. */
const BACKLOG_EVERY = '5 seconds';

/** Runs the graph on the regions that have workers: places tasks where it is quiet, and what a lost region had on the others. */
export const manageRegions = async (coordinator: Coordinator): Promise<Managed> => {
  const { input, state, emit, control } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const specs: readonly RegionSpec[] = input.regions ?? [{ name: LOCAL_REGION, model: null, cost: 1 }];
  const specOf = (name: string): RegionSpec => specs.find((spec) => spec.name === name) ?? { name, model: null, cost: 1 };
  const lanesOf = (name: string): ReturnType<typeof regionLanes> => regionLanes(name, (specOf(name).model ?? input.model).provider);
  const seats = new Map<string, Seat>();
  /** Regions by what is known of them: those that have not answered yet are in none. */
  const [up, heard] = [new Set<string>(), new Set<string>()];
  const fenced = new Set<string>();
  /** By task of the plan; `region` null = it has to be placed anew. */
  const places = new Map<string, { epoch: number; region: string | null }>();
  let backlogs: Awaited<ReturnType<typeof readBacklogs>> = {};
  let isOver = false;

  const placeOf = (task: TaskState): string | null => places.get(ancestorOf(state.tasks, task).id)?.region ?? null;
  const tasksOf = (name: string): readonly TaskState[] => state.tasks.filter((task) => placeOf(task) === name);
  const openOf = (name: string): number => tasksOf(name).filter((task) => !isSettled(task)).length;
  const memberOf = (name: string): string | null => seats.get(name)?.member ?? null;
  const loads = (): readonly RegionLoad[] =>
    specs.filter(({ name }) => up.has(name)).map(({ name, cost }) => ({ name, cost, open: openOf(name), backlog: backlogs[lanesOf(name).calls]?.waiting ?? 0 }));
  /** Open tasks that a region may have: twice those in flight, so that it need not wait for the next. */
  const room = (): number => Math.max(2, Math.ceil((2 * input.maxAgents) / Math.max(1, up.size)));

  const replicator = openReplicator({
    start: EMPTY,
    neighbours: () => seated(seats).flatMap(({ name, member, handle }) => (member === null || handle === null ? [] : [{ region: name, workflowId: member }])),
    isOwn: () => true,
    ownsRegions: true,
  });
  const entriesOf = (task: TaskState): readonly (readonly [string, Entry])[] => {
    const place = places.get(ancestorOf(state.tasks, task).id);
    return place === undefined || place.region === null
      ? []
      : [[task.id, { epoch: place.epoch, region: place.region, task: { ...task }, subTasks: subTasksBelow(state.tasks, task.id) }]];
  };
  const say = (tasks: readonly TaskState[]): void => replicator.say({ tasks: Object.fromEntries(tasks.flatMap(entriesOf)), regions: {} });
  const sayRegion = ({ name, term }: Seat, id: string | null): void => replicator.say({ tasks: {}, regions: { [name]: { term, workflowId: id } } });

  /** What a region has open is for others to do. */
  const release = (name: string): void => {
    for (const task of tasksOf(name)) {
      const { id } = ancestorOf(state.tasks, task);
      if (!isSettled(task)) places.set(id, { epoch: places.get(id)?.epoch ?? 0, region: null });
    }
  };
  /** Settled by a region whose last word came when its tasks had been taken from it: nobody else tells the others. */
  const orphans = (): readonly TaskState[] => state.tasks.filter((task) => task.parent === null && isSettled(task) && places.get(task.id)?.region === null);
  const adopt = (): void => {
    const found = orphans();
    for (const { id } of found) places.set(id, { epoch: (places.get(id)?.epoch ?? 0) + 1, region: NOBODY });
    const ids = new Set(found.map(({ id }) => id));
    say(state.tasks.filter((task) => ids.has(ancestorOf(state.tasks, task).id)));
  };
  const place = (): void => {
    const placed = placeTasks(state.tasks, placeOf, loads(), room());
    for (const { taskId, region, reason } of placed) {
      const epoch = (places.get(taskId)?.epoch ?? 0) + 1;
      places.set(taskId, { epoch, region });
      emit({ type: 'task.placed', taskId, data: { region, epoch, reason } });
    }
    const ids = new Set(placed.map(({ taskId }) => taskId));
    say(state.tasks.filter((task) => ids.has(ancestorOf(state.tasks, task).id)));
  };
  const isWaiting = (): boolean => canPlace(state.tasks, placeOf, loads(), room());

  const onLost = async (name: string, why: string): Promise<void> => {
    up.delete(name);
    const member = memberOf(name);
    emit({ type: 'region.lost', data: { region: name, why, open: openOf(name) } });
    if (member === null) return release(name);
    // Only when it can't act any more may others have its tasks.
    fenced.add(member);
    await fence({ workflowId: member, reason: `the region ${name} is lost: ${why}` }).catch((error: unknown) => {
      // It keeps its tasks then, and goes on with them when its workers come back.
      fenced.delete(member);
      wf.log.warn('the member of a lost region was not ended', { region: name, error });
    });
  };
  const watch = async (): Promise<void> => {
    const remote = specs.filter(({ name }) => name !== LOCAL_REGION);
    await Promise.all(
      remote.map(({ name, model }) =>
        attendRegion(name, (model ?? input.model).provider, {
          onAwaited: (why) => {
            heard.add(name);
            emit({ type: 'region.awaited', data: { region: name, why } });
          },
          onJoined: () => {
            heard.add(name);
            up.add(name);
            emit({ type: 'region.joined', data: { region: name } });
          },
          onLost: (why) => onLost(name, why),
        }),
      ),
    );
  };
  const hasUnplaced = (): boolean => state.tasks.some((task) => !isSettled(task) && placeOf(task) === null);
  const readQueues = async (): Promise<void> => {
    for (;;) {
      const read = await readBacklogs(specs.map(({ name }) => lanesOf(name).calls)).catch((error: unknown) => {
        if (wf.isCancellation(error)) throw error;
        return backlogs;
      });
      backlogs = read;
      await wf.sleep(BACKLOG_EVERY, { summary: 'look at the queues again' });
      await wf.condition(hasUnplaced);
    }
  };

  for (const { name } of specs.filter(({ name: one }) => one === LOCAL_REGION)) {
    up.add(name);
    heard.add(name);
  }
  // Outlives a cancellation of the swarm: a region that is lost while it is being cancelled must be fenced too.
  const attending = new wf.CancellationScope({ cancellable: false });
  let stop = (): void => {};
  const attended = attending.run(() => {
    const scope = new wf.CancellationScope();
    stop = () => scope.cancel();
    return scope
      .run(() => Promise.all([watch(), readQueues()]))
      .catch((error: unknown) => {
        if (!wf.isCancellation(error)) throw error;
      });
  });
  const sending = wf.CancellationScope.nonCancellable(() => replicator.run(() => isOver));

  try {
    await wf.condition(() => heard.size === specs.length, GREETING_MS + 1_000, { summary: 'wait for the regions to answer' });
    place();
    return await runCrew(
      coordinator,
      seats,
      {
        rank: 'region',
        labelOf: (name, id) => ({ region: name, member: id }),
        places: () => input.maxAgents,
        tasksOf,
        vacant: () => (allSettled(state.tasks) ? [] : specs.map(({ name }) => name).filter((name) => up.has(name) && memberOf(name) === null)),
        memberId: (name, term) => regionId(workflowId, name, term),
        // Also for regions that may come yet.
        sharesOf: (free, names) => {
          const among = specs.filter(({ name }) => memberOf(name) === null).length;
          const [share = NOTHING] = shareOf(
            free,
            Array.from({ length: among }, () => 1),
          );
          return names.map(() => share);
        },
        launch: (seat, id, slots) => {
          replicator.joined(id);
          const { model } = specOf(seat.name);
          return wf.startChild<typeof region>('region', {
            workflowId: id,
            taskQueue: lanesOf(seat.name).workflows,
            args: [
              model === null ? input : { ...input, model },
              {
                reportTo: workflowId,
                region: seat.name,
                calls: lanesOf(seat.name).calls,
                placed: Object.fromEntries([...places].flatMap(([taskId, { epoch, region: at }]) => (at === null ? [] : [[taskId, { epoch, region: at }]]))),
                regions: replicator.replica().regions,
                slots,
              },
              ...snapshotFor(state, state.tasks, seat.lease, control().paused),
            ],
            staticSummary: `region ${seat.name} of ${input.swarmId}`,
            cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
          });
        },
        // Not sooner: what the others send to one that is not there yet is lost.
        onStarted: async (id) => {
          const seat = [...seats.values()].find(({ member }) => member === id);
          if (seat) sayRegion(seat, id);
        },
        onControl: () => undefined,
        isDismissed: (id) => fenced.has(id),
        onEnded: (seat, id) => {
          sayRegion(seat, null);
          const own = tasksOf(seat.name);
          // What it settled and may not have told the others, and what somebody else has to do.
          say(own.filter(isSettled));
          if (fenced.has(id) || !up.has(seat.name)) release(seat.name);
        },
        turn: async () => {
          place();
          if (orphans().length > 0) adopt();
        },
        isDue: () => isWaiting() || orphans().length > 0,
        isSettled: () => allSettled(state.tasks),
        isStanding: true,
      },
      openSlots(input.maxAgents, wf.patched(FAIR_PLACES)),
    );
  } finally {
    isOver = true;
    stop();
    await attended;
    await sending;
  }
};
