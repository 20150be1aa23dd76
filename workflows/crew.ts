import * as wf from '@temporalio/workflow';
import { NOTHING, type Amount, type Budget } from '../domain/budget.js';
import type { EventDraft } from '../domain/events.js';
import { packState, type SwarmState, type TaskState } from '../domain/swarm-state.js';
import type { Coordinator } from './coordinator.js';
import { reportSignal } from './messages.js';

/** What every coordinator of members needs: their reports, their leases, their snapshots. */

/** Files each member's events once, in order, and passes them on; what came too late for a task that has settled is dropped by `isStale`. */
export const listenToMembers = ({ relay, state }: Coordinator, onDraft: (draft: EventDraft) => void = () => undefined): void => {
  const reported = new Map<string, number>();
  wf.setHandler(
    reportSignal,
    ({ source = '', first, drafts }) => {
      const known = reported.get(source) ?? 0;
      for (const draft of drafts.slice(Math.max(0, known - first))) {
        onDraft(draft);
        if (!isStale(state, draft.type, draft.taskId)) relay(draft);
      }
      reported.set(source, Math.max(known, first + drafts.length));
    },
    { description: 'Events of a member, in order.' },
  );
};

const ENDS = new Set(['succeeded', 'failed', 'skipped', 'cancelled']);
/** A second report of a task that has settled: two members had it for a moment, and the ledger paid once. */
const isStale = ({ tasks }: SwarmState, type: string, taskId: string | undefined): boolean =>
  type.startsWith('task.') && type !== 'task.added' && ENDS.has(tasks.find(({ id }) => id === taskId)?.status ?? '');

/** A member that has just ended needs no message: whoever replaces it starts from all of it. */
export const unlessEnded = async (sending: Promise<void> | undefined): Promise<void> => {
  await sending?.catch(() => undefined);
};

/** What nobody has spent and nobody was leased; without a limit, nothing is counted. */
export const freeOf = (budget: Budget, spent: Amount, leases: readonly Amount[]): Amount => {
  const left = (limit: number | null, used: number, leased: number): number => (limit === null ? 0 : Math.max(0, limit - used - leased));
  const leased = leases.reduce((sum, { tokens, microUsd }) => ({ tokens: sum.tokens + tokens, microUsd: sum.microUsd + microUsd }), NOTHING);
  return { tokens: left(budget.tokens, spent.tokens, leased.tokens), microUsd: left(budget.microUsd, spent.microUsd, leased.microUsd) };
};

/** Tasks that ran under a member that has ended are open again; their answered calls are found in the ledger. */
export const reopen = (tasks: readonly TaskState[]): void => {
  for (const task of tasks)
    if (task.status === 'running') {
      task.status = 'pending';
      task.tries = 0;
    }
};

/** What a member starts from: the tasks it has to know, and its lease as its whole budget, of which nothing is used. */
export const snapshotFor = (state: SwarmState, tasks: readonly TaskState[], lease: Amount, isPaused: boolean): readonly unknown[] => {
  const { tokens, microUsd } = state.budget;
  const budget: Budget = { tokens: tokens === null ? null : lease.tokens, microUsd: microUsd === null ? null : lease.microUsd, spent: NOTHING, reserved: NOTHING };
  const usage = { modelCalls: 0, inputTokens: 0, outputTokens: 0, microUsd: 0 };
  return packState({ ...state, status: isPaused ? 'paused' : 'running', tasks: [...tasks], votes: [], budget, usage }, 0);
};
