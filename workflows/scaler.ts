import * as wf from '@temporalio/workflow';
import type { RegionActivities } from '../activities/regions.js';
import type { Backlog } from '../domain/backlog.js';
import { decide, openScaling, type Sample, type ScalingPolicy, type ScalingState } from '../domain/scaling.js';
import { scalingPolicySignal, wantedQuery } from './messages.js';
import { REGIONS } from './options.js';

const { readBacklogs } = wf.proxyActivities<RegionActivities>(REGIONS);

/** Between two looks at the queue: while something waits or there are workers to take away, and else. */
const BUSY = '2 seconds';
const IDLE = '10 seconds';
/** Events after which it continues as new: it runs for as long as its queue is scaled. */
const HISTORY_EVENTS = 2_000;

/** Turns what waits on one queue into how many workers it should have, until it is cancelled; starts no worker itself. */
export async function scaler(queue: string, first: ScalingPolicy, carried?: ScalingState): Promise<never> {
  let policy = first;
  let state = carried ?? openScaling(first);
  let sample: Sample = { waiting: 0, oldestMs: 0, at: Date.now() };
  let isChanged = false;
  // A signal, not an update: whoever starts workers must not wait for one.
  wf.setHandler(
    scalingPolicySignal,
    (wanted) => {
      policy = wanted;
      isChanged = true;
    },
    { description: 'Other limits and times from now on.' },
  );
  wf.setHandler(
    wantedQuery,
    () => ({ queue, wanted: state.wanted, waiting: sample.waiting, oldestMs: sample.oldestMs, reason: state.reason, at: new Date(sample.at).toISOString() }),
    {
      description: 'How many workers the queue should have, and why.',
    },
  );
  while (wf.workflowInfo().historyLength < HISTORY_EVENTS && !wf.workflowInfo().continueAsNewSuggested) {
    isChanged = false;
    const backlogs: Readonly<Record<string, Backlog>> = await readBacklogs([queue]).catch((error: unknown) => {
      if (wf.isCancellation(error)) throw error;
      wf.log.warn('the queue was not read', { queue, error });
      return {};
    });
    const backlog = backlogs[queue];
    // Nothing is decided on what was not measured: `at` shows how old the last look is.
    if (backlog) {
      sample = { ...backlog, at: Date.now() };
      state = decide(policy, state, sample);
    }
    wf.setCurrentDetails(`**${state.wanted}** of ${policy.min} to ${policy.max} workers wanted for \`${queue}\`: ${state.reason}`);
    const isBusy = sample.waiting > 0 || state.wanted > policy.min;
    await wf.condition(() => isChanged, isBusy ? BUSY : IDLE, { summary: 'look at the queue again' });
  }
  return wf.continueAsNew<typeof scaler>(queue, policy, state);
}
