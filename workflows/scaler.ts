import * as wf from '@temporalio/workflow';
import type { RegionActivities } from '../activities/regions.js';
import { decide, openScaling, policyRefusal, within, type Sample, type ScalingPolicy, type ScalingState } from '../domain/scaling.js';
import { scalingPolicySignal, wantedQuery } from './messages.js';
import { LOOK_AT_QUEUE } from './options.js';

const { readBacklogs } = wf.proxyLocalActivities<RegionActivities>(LOOK_AT_QUEUE);

/** Between two looks at the queue: while something waits or there are workers to take away, and else. */
const BUSY = '2 seconds';
const IDLE = '10 seconds';
/** Events after which it continues as new: it runs for as long as its queue is scaled. */
const HISTORY_EVENTS = 2_000;

/** What one run leaves to the next. */
export interface ScalerCarry {
  readonly state: ScalingState;
  /** The last look that succeeded; null before the first. */
  readonly sample: Sample | null;
}

/** Turns what waits on one queue into how many workers it should have, until it is cancelled; starts no worker itself. */
export async function scaler(queue: string, first: ScalingPolicy, carried?: ScalerCarry, historyEvents = HISTORY_EVENTS): Promise<never> {
  let policy = first;
  let { state, sample }: ScalerCarry = carried ?? { state: openScaling(first), sample: null };
  let isChanged = false;
  // A signal, not an update: whoever starts workers must not wait for one.
  wf.setHandler(
    scalingPolicySignal,
    (wanted) => {
      const refusal = policyRefusal(wanted);
      if (refusal !== null) return wf.log.warn('a scaling policy was refused', { queue, refusal });
      policy = wanted;
      isChanged = true;
    },
    { description: 'Other limits and times from now on; what is no policy is refused.' },
  );
  wf.setHandler(
    wantedQuery,
    () => ({
      queue,
      wanted: within(policy, state.wanted),
      waiting: sample?.waiting ?? 0,
      oldestMs: sample?.oldestMs ?? 0,
      reason: state.reason,
      at: sample === null ? null : new Date(sample.at).toISOString(),
    }),
    { description: 'How many workers the queue should have, and why.' },
  );
  while (wf.workflowInfo().historyLength < historyEvents && !wf.workflowInfo().continueAsNewSuggested) {
    isChanged = false;
    const backlog = await readBacklogs([queue]).then(
      (backlogs) => backlogs[queue],
      (error: unknown) => {
        if (wf.isCancellation(error)) throw error;
        wf.log.warn('the queue was not read', { queue, error });
        return undefined;
      },
    );
    // Nothing is decided on what was not measured: `at` shows how old the last look is.
    if (backlog) {
      sample = { ...backlog, at: Date.now() };
      state = decide(policy, state, sample);
    }
    wf.setCurrentDetails(`**${state.wanted}** of ${policy.min} to ${policy.max} workers wanted for \`${queue}\`: ${state.reason}`);
    const isBusy = (sample?.waiting ?? 0) > 0 || state.wanted > policy.min;
    await wf.condition(() => isChanged, isBusy ? BUSY : IDLE, { summary: 'look at the queue again' });
  }
  return wf.continueAsNew<typeof scaler>(queue, policy, { state, sample }, historyEvents);
}
