import * as wf from '@temporalio/workflow';
import { isUnlimited, limitsOf, NOTHING, raisedBy, shareOf, type Amount, type Budget, type BudgetLimits } from '../domain/budget.js';
import type { EventDraft } from '../domain/events.js';
import { packState } from '../domain/pack-state.js';
import { isStale, type SwarmState } from '../domain/swarm-state.js';
import type { TaskState } from '../domain/task-state.js';
import { NO_USAGE } from '../domain/usage.js';
import type { Coordinator } from './coordinator.js';
import { reportSignal, type CoordinatorControl } from './messages.js';

/** What every coordinator of members needs: their reports, their leases, their snapshots. */

/** Files each member's events once, in order, and passes them on; what came too late for a task that has settled is dropped. */
export const listenToMembers = ({ relay, state }: Coordinator, onDraft: (draft: EventDraft) => void = () => undefined): void => {
  const reported = new Map<string, number>();
  wf.setHandler(
    reportSignal,
    ({ source = '', first, drafts }) => {
      const known = reported.get(source) ?? 0;
      for (const draft of drafts.slice(Math.max(0, known - first))) {
        onDraft(draft);
        if (!isStale(state, draft)) relay(draft);
      }
      reported.set(source, Math.max(known, first + drafts.length));
    },
    { description: 'Events of a member, in order.' },
  );
};

/** What a coordinator hands on of its control to the holder of a lease: tasks reach a member as what it is assigned. */
export const memberControl = ({ state, control: now }: Coordinator, lease: Amount, version: number, isStopping: boolean): CoordinatorControl => {
  const control = now();
  return {
    paused: control.paused,
    steering: control.steering,
    ...(state.lessons.length === 0 ? {} : { lessons: state.lessons }),
    ...(isUnlimited(state.budget) ? {} : { budget: limitsOf(state.budget, lease) }),
    ...(control.decisions ? { decisions: control.decisions } : {}),
    handOver: control.handOver || isStopping,
    version,
  };
};

/** Shares, by weight, of what people have added to the budget since the last look. */
export const watchRaises = (state: SwarmState): ((weights: readonly number[]) => readonly Amount[]) => {
  let limits: BudgetLimits = state.budget;
  return (weights) => {
    const more = raisedBy(limits, state.budget);
    limits = state.budget;
    return shareOf(more, weights);
  };
};

/** Lessons are gathered for this long before they go down. */
const GATHERING = '5 seconds';

/** Hands what was learned below to every member, by telling them all again; `stop` ends it. */
export const handLessonsDown = (state: SwarmState, tellAll: () => Promise<void>): { stop(): Promise<void> } => {
  const scope = new wf.CancellationScope();
  let told = state.lessons;
  const running = scope
    .run(async () => {
      for (;;) {
        await wf.condition(() => state.lessons !== told);
        await wf.sleep(GATHERING, { summary: 'gather lessons for the members' });
        told = state.lessons;
        await tellAll();
      }
    })
    .catch((error: unknown) => {
      if (!wf.isCancellation(error)) throw error;
    });
  return {
    stop: () => {
      scope.cancel();
      return running;
    },
  };
};

/** A member that has just ended needs no message: whoever replaces it starts from all of it. */
export const unlessEnded = async (sending: Promise<void> | undefined): Promise<void> => {
  await sending?.catch(() => undefined);
};

/** What a member starts from: the tasks it has to know, and its lease as its whole budget, of which nothing is used. */
export const snapshotFor = (state: SwarmState, tasks: readonly TaskState[], lease: Amount, isPaused: boolean): readonly unknown[] => {
  const budget: Budget = { ...limitsOf(state.budget, lease), spent: NOTHING, reserved: NOTHING };
  return packState({ ...state, status: isPaused ? 'paused' : 'running', tasks: [...tasks], votes: [], effects: [], budget, usage: { ...NO_USAGE } }, 0);
};
