import * as wf from '@temporalio/workflow';
import { freeOf, NOTHING, plus, type Amount } from '../domain/budget.js';
import type { ErrorReport } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';
import { grantOf, joinSlots, leaveSlots, requestSlots, resizeSlots, type SlotAsk, type SlotPool } from '../domain/slots.js';
import { leaseOf, spentOf } from '../domain/swarm-state.js';
import { reopenRunning, type TaskState } from '../domain/task-state.js';
import { isSettled, urgencyOf } from '../domain/task-graph.js';
import { openCounter } from '../domain/versions.js';
import type { Coordinator } from './coordinator.js';
import { handLessonsDown, listenToMembers, memberControl, unlessEnded, watchRaises } from './crew.js';
import type { ManagerOutcome } from './manager.js';
import { controlSignal, slotGrantSignal, slotRequestSignal } from './messages.js';
import { runGraph } from './run-graph.js';

/** A member as its coordinator holds it, whatever its workflow. */
export interface MemberHandle extends Pick<wf.ChildWorkflowHandle<wf.Workflow>, 'signal'> {
  result(): Promise<ManagerOutcome>;
}

/** One part of the graph and the member that runs it now. */
export interface Seat {
  readonly name: string;
  term: number;
  deaths: number;
  /** Workflow id of its member; null between terms. */
  member: string | null;
  handle: MemberHandle | null;
  /** Its lease of the budget. */
  lease: Amount;
}
export type Seats = ReadonlyMap<string, Seat>;

export const seated = (seats: Seats): readonly Seat[] => [...seats.values()].filter(({ member }) => member !== null);

export type Managed = { readonly kind: 'settled' | 'handedOver' | 'starved' } | { readonly kind: 'failed'; readonly failure: ErrorReport };

/** Id of the change since when places are taken back for those who have none (`patched`). */
export const FAIR_PLACES = 'take places back for those who have none';

/** What tells one kind of crew from another. */
export interface Crew {
  /** What its events are called by: `manager.started`, `region.started`. */
  readonly rank: 'manager' | 'region';
  /** How its events name a member. */
  labelOf(name: string, id: string): Readonly<Record<string, string>>;
  /** Places for tasks in flight, by now. */
  places(): number;
  /** Parts without a member that want one now. */
  vacant(): readonly string[];
  tasksOf(name: string): readonly TaskState[];
  memberId(name: string, term: number): string;
  /** What each of `names` is leased of the budget that nobody holds. */
  sharesOf(free: Amount, names: readonly string[]): readonly Amount[];
  launch(seat: Seat, id: string, slots: number): Promise<MemberHandle>;
  /** A member has started: tell it, and the others of it. */
  onStarted(id: string): Promise<void>;
  onControl(): void;
  /** True for a member whose end was wanted: it is not a death. */
  isDismissed(id: string): boolean;
  /** A member has ended, whatever way; its running tasks are open again. */
  onEnded(seat: Seat, id: string): void;
  /** Does what is due in this turn. */
  turn(): Promise<void>;
  /** True when there is something to do in a turn. */
  isDue(): boolean;
  /** True when all its tasks have settled. */
  isSettled(): boolean;
  /** Members stay until they are told to go, and there may be none for a while; else each ends with its tasks. */
  readonly isStanding: boolean;
}

/**
 * Runs a graph by one member per part until everything has settled. Members that die are replaced from what they reported last.
 * `starved`: what is left of the budget is too little to be split; it has all come back, and nothing runs any more.
 */
export const runCrew = async (coordinator: Coordinator, seats: Map<string, Seat>, crew: Crew, slots: SlotPool, nextVersion = openCounter()): Promise<Managed> => {
  const { state, emit, control, onControl, wantsHandOver } = coordinator;
  const { rank, labelOf, tasksOf } = crew;
  let isStopping = false;
  let isStarved = false;
  let failure: ErrorReport | null = null;

  const tellAll = async (): Promise<void> => {
    const version = nextVersion();
    await Promise.all(seated(seats).map(({ handle, lease }) => unlessEnded(handle?.signal(controlSignal, memberControl(coordinator, lease, version, isStopping)))));
  };
  const stopAll = (): Promise<void> => {
    isStopping = true;
    return tellAll();
  };
  const grant = async (ids: readonly string[]): Promise<void> => {
    await Promise.all(
      ids.map((id) => {
        const holder = slots.members.get(id);
        const handle = seated(seats).find(({ member }) => member === id)?.handle;
        return unlessEnded(holder && handle?.signal(slotGrantSignal, { slots: grantOf(holder), held: holder.held, asOf: holder.asOf, version: nextVersion() }));
      }),
    );
  };

  const raised = watchRaises(state);
  /** What people added to the budget goes at once to those at work, by what they have to do. */
  const raiseLeases = (): void => {
    const atWork = seated(seats);
    const shares = raised(atWork.map(({ name }) => tasksOf(name).filter((task) => !isSettled(task)).length));
    for (const [i, seat] of atWork.entries()) seat.lease = plus(seat.lease, shares[i] ?? NOTHING);
  };
  onControl(() => {
    raiseLeases();
    void tellAll();
    crew.onControl();
  });
  listenToMembers(coordinator);
  wf.setHandler(slotRequestSignal, ({ member, holds, nth, ...ask }) => grant(requestSlots(slots, member, { ...ask, holds: holds ?? ask.wants, asOf: nth })), {
    description: 'From a member: how many tasks it could have in flight.',
  });

  const free = (): Amount =>
    freeOf(
      state.budget,
      spentOf(state),
      seated(seats).map(({ lease }) => lease),
    );

  /** One term of a part's member. */
  const runTerm = async (seat: Seat, id: string): Promise<ManagerOutcome> => {
    const startsWith = control();
    const granted = slots.members.get(id)?.held ?? 0;
    const handle = await crew.launch(seat, id, granted);
    seat.handle = handle;
    // Places that it got, or its first request was answered with, before it could be told: it would wait for them for ever.
    const lease = slots.members.get(id);
    if (lease && (lease.asOf > 0 || grantOf(lease) !== granted) && wf.patched('tell a newcomer what it was granted meanwhile')) await grant([id]);
    // What arrived while the child was starting reached nobody; and from now on others may be told who needs them.
    if (control() !== startsWith || control().steering.length > 0 || isStopping) await tellAll();
    await crew.onStarted(id);
    return handle.result();
  };

  /** One member from its start to its end, whatever that is. */
  const runSeat = async (seat: Seat): Promise<void> => {
    const { name } = seat;
    const id = seat.member ?? '';
    emit({ type: `${rank}.started`, data: { ...labelOf(name, id), tasks: tasksOf(name).length, slots: slots.members.get(id)?.held ?? 0 } });
    try {
      const outcome = await runTerm(seat, id);
      if (outcome.kind === 'starved') {
        isStarved = true;
        await stopAll();
      }
      emit({ type: `${rank}.ended`, data: { ...labelOf(name, id), how: outcome.kind } });
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      if (!crew.isDismissed(id)) {
        seat.deaths += 1;
        const why = error instanceof wf.ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
        emit({ type: `${rank}.replaced`, data: { ...labelOf(name, id), why } });
        if (seat.deaths >= LIMITS.queenTerms) {
          failure = { code: 'internal', message: `The ${rank} of ${name} died ${seat.deaths} times.`, why, fix: 'See its workflow in the Web UI.' };
          await stopAll();
        }
      }
    } finally {
      seat.member = null;
      seat.handle = null;
      reopenRunning(tasksOf(name));
      crew.onEnded(seat, id);
      void grant(leaveSlots(slots, id));
    }
  };

  const running = new Set<Promise<void>>();
  const fault: { error?: unknown } = {};
  const start = (names: readonly string[]): void => {
    const shares = crew.sharesOf(free(), names);
    for (const [i, name] of names.entries()) {
      const seat = seats.get(name) ?? { name, term: 0, deaths: 0, member: null, handle: null, lease: NOTHING };
      seats.set(name, seat);
      seat.term += 1;
      seat.member = crew.memberId(name, seat.term);
      seat.lease = shares[i] ?? NOTHING;
    }
    const askOf = (name: string): SlotAsk => ({ wants: tasksOf(name).length, urgency: urgencyOf(tasksOf(name)) });
    void grant(joinSlots(slots, Object.fromEntries(names.map((name) => [seats.get(name)?.member ?? '', askOf(name)]))));
    for (const name of names) {
      const seat = seats.get(name);
      if (!seat) continue;
      const run = runSeat(seat)
        .catch((error: unknown) => {
          fault.error ??= error;
        })
        .finally(() => running.delete(run));
      running.add(run);
    }
  };
  const isHandingOver = (): boolean => wantsHandOver() || isStopping;
  const hasOtherPlaces = (): boolean => crew.places() !== slots.total;
  const hasVacancy = (): boolean => !isHandingOver() && crew.vacant().length > 0;

  /** Members that stay have nothing more to do. */
  const isDone = (): boolean => crew.isStanding && !isStopping && crew.isSettled();
  const isEmpty = (): boolean => running.size === 0 && (!crew.isStanding || isHandingOver() || crew.isSettled());

  const lessons = handLessonsDown(state, tellAll);
  try {
    for (;;) {
      if (hasOtherPlaces()) await grant(resizeSlots(slots, crew.places()));
      if (!isHandingOver()) start(crew.vacant());
      await crew.turn();
      await wf.condition(() => 'error' in fault || isEmpty() || isDone() || hasOtherPlaces() || crew.isDue() || hasVacancy());
      if ('error' in fault) {
        await stopAll();
        throw fault.error;
      }
      if (isDone()) await stopAll();
      if (running.size > 0) continue;
      if (failure) return { kind: 'failed', failure };
      if (isStarved) return { kind: 'starved' };
      if (crew.isSettled()) return { kind: 'settled' };
      if (wantsHandOver()) return { kind: 'handedOver' };
      // Tasks came while the last members were going.
      isStopping = false;
    }
  } finally {
    // On cancellation too: their last events belong to the swarm.
    await Promise.all([lessons.stop(), ...running]);
  }
};

/** What is left when the members have gone: why nothing more can be run, or null. */
export const afterCrew = async (coordinator: Coordinator, managed: Managed): Promise<ErrorReport | null> => {
  // Nothing runs below any more: from here on the coordinator spends for itself.
  coordinator.state.budget = leaseOf(coordinator.state);
  if (managed.kind === 'failed') return managed.failure;
  // What is left is too little to be split: the coordinator takes the rest in hand, so that it is used to the last call it covers.
  return managed.kind === 'starved' ? runGraph(coordinator) : null;
};
