import * as wf from '@temporalio/workflow';
import { ancestorOf, fateOf, openLearning } from '../domain/fates.js';
import { taskOf } from '../domain/swarm-state.js';
import { isAtWork, openTask, type TaskState } from '../domain/task-state.js';
import { openVersions } from '../domain/versions.js';
import { readyTasks, urgencyOf } from '../domain/task-graph.js';
import type { Coordinator } from './coordinator.js';
import { leasePlaces, PAUSE } from './lease-places.js';
import { assignSignal, memberSignal, type Assignment } from './messages.js';
import type { Desk } from './run-graph.js';

/** Where a member stands in its swarm. */
export interface Post {
  /** Workflow id of its coordinator. */
  readonly reportTo: string;
  readonly assignment: Assignment;
  /** Places for tasks in flight to begin with. */
  readonly slots: number;
}

export interface MemberDesk extends Desk {
  /** Ids of the tasks of the plan that it owns, each with its place in the order they came. */
  owned(): ReadonlyMap<string, number>;
  /** Calls back after each assignment. */
  onAssign(listener: () => void): void;
  /** Resolves when everybody who waits for one of its settled tasks has been told. */
  close(): Promise<void>;
}

/** `heldBelow` = places that members of its own hold. The desk of a member: runs what it was assigned, tells those who wait for it what became of it, and leases places from its coordinator. Registers its handlers before anything is awaited. */
export const openMemberDesk = (coordinator: Coordinator, post: Post, heldBelow: () => number = () => 0): MemberDesk => {
  const { state, control, wantsHandOver } = coordinator;
  const running = new Set<string>();
  const { learn, catchUp } = openLearning(state);
  let { assignment } = post;
  const placesOf = ({ owned: specs }: Assignment): ReadonlyMap<string, number> => new Map(specs.map(({ id }, i) => [id, i]));
  let owned = placesOf(assignment);
  let closing = false;
  const listeners: (() => void)[] = [];
  const isNewAssignment = openVersions();

  wf.setHandler(
    assignSignal,
    (wanted) => {
      if (!isNewAssignment(wanted.version)) return;
      assignment = wanted;
      owned = placesOf(wanted);
      for (const spec of wanted.owned) if (!taskOf(state, spec.id)) state.tasks.push(openTask(spec, { parent: null }));
      for (const task of wanted.needed) if (!taskOf(state, task.id)) state.tasks.push(task);
      catchUp();
      for (const listener of listeners) listener();
    },
    { description: 'From the coordinator: all tasks that this member owns by now, and who waits for them.' },
  );
  wf.setHandler(memberSignal, ({ fates }) => learn(fates), { description: 'From another member: what became of tasks that ours need.' });

  const owns = (task: TaskState): boolean => owned.has(ancestorOf(state.tasks, task).id);
  /** Tasks in flight, here or below. */
  const inFlight = (): number => state.tasks.filter((task) => isAtWork(task) && owns(task)).length;
  // What members below hold is not given back before they do.
  const wants = (): number => Math.max(heldBelow(), control().paused || wantsHandOver() ? inFlight() : inFlight() + readyTasks(state.tasks).filter(owns).length);
  const lease = leasePlaces({
    reportTo: post.reportTo,
    granted: post.slots,
    wants,
    urgency: () => urgencyOf(state.tasks.filter(owns)),
    occupied: () => Math.max(heldBelow(), inFlight()),
  });

  const told = new Set<string>();
  /** What settled and was not told yet, by recipient. */
  const news = (): ReadonlyMap<string, readonly string[]> => {
    const open = new Map<string, string[]>();
    for (const [id, recipients] of Object.entries(assignment.interests))
      for (const recipient of recipients) if (!told.has(`${recipient} ${id}`) && fateOf(state.tasks, id) !== null) open.set(recipient, [...(open.get(recipient) ?? []), id]);
    return open;
  };
  const tell = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => closing || news().size > 0);
      const open = news();
      if (open.size === 0) return;
      await Promise.all(
        [...open].map(async ([recipient, ids]) => {
          for (const id of ids) told.add(`${recipient} ${id}`);
          const fates = ids.flatMap((id) => fateOf(state.tasks, id) ?? []);
          // One that has ended needs no news; whoever replaces it is told by its own name.
          await wf
            .getExternalWorkflowHandle(recipient)
            .signal(memberSignal, { fates })
            .catch(() => undefined);
        }),
      );
      if (!closing) await wf.condition(() => closing, PAUSE, { summary: 'gather news for other members' });
    }
  };
  const pumps = wf.CancellationScope.nonCancellable(() => Promise.all([tell(), lease.run(() => closing)]));

  return {
    owns,
    owned: () => owned,
    onAssign: (listener) => void listeners.push(listener),
    slots: lease.places,
    running,
    isLeased: true,
    close: async () => {
      closing = true;
      await pumps;
    },
  };
};
