import * as wf from '@temporalio/workflow';
import { openVersions } from '../domain/versions.js';
import { slotGrantSignal, slotRequestSignal } from './messages.js';

/** Messages to one recipient are gathered for this long (architecture.md section 6). */
export const PAUSE = '100 milliseconds';

/** Places for tasks in flight, leased from a coordinator. */
export interface Lease {
  /** How many may be in flight now. */
  places(): number;
  /** Asks for more and gives back, until `isClosing`. */
  run(isClosing: () => boolean): Promise<void>;
}

/** Opens the lease of a member that begins with `granted` places; `wants` = how many it could use now. Registers its handler. */
export const leasePlaces = (reportTo: string, granted: number, wants: () => number): Lease => {
  const { workflowId } = wf.workflowInfo();
  let held = granted;
  let asked = { wants: Number.POSITIVE_INFINITY, nth: 0 };
  const isNews = openVersions();
  wf.setHandler(
    slotGrantSignal,
    ({ slots, asOf, version }) => {
      // An answer to an older request may promise what the newer one gave back.
      if (isNews(version) && asOf === asked.nth) held = slots;
    },
    { description: 'From the coordinator: how many tasks may be in flight.' },
  );
  return {
    places: () => Math.min(held, asked.wants),
    run: async (isClosing) => {
      for (;;) {
        await wf.condition(() => isClosing() || wants() !== asked.wants);
        if (isClosing()) return;
        asked = { wants: wants(), nth: asked.nth + 1 };
        held = Math.min(held, asked.wants);
        await wf.getExternalWorkflowHandle(reportTo).signal(slotRequestSignal, { member: workflowId, ...asked });
        await wf.condition(isClosing, PAUSE, { summary: 'gather requests for places' });
      }
    },
  };
};
