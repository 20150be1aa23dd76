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

export interface LeaseDeps {
  readonly reportTo: string;
  /** Places to begin with. */
  readonly granted: number;
  /** How many it could use now; never less than are occupied. */
  wants(): number;
  /** How urgent its most urgent task is, 1 to 5. */
  urgency(): number;
  /** How many are in use now, here or below. */
  occupied(): number;
}

/** Opens the lease of a member; registers its handler. What is taken back goes as the tasks on it end. */
export const leasePlaces = ({ reportTo, granted, wants, urgency, occupied }: LeaseDeps): Lease => {
  const { workflowId } = wf.workflowInfo();
  let held = granted;
  let asked = { wants: Number.POSITIVE_INFINITY, nth: 0 };
  /** What the coordinator takes this member to hold. */
  let known = granted;
  const isNews = openVersions();
  const holds = (): number => Math.max(occupied(), Math.min(held, asked.wants));
  wf.setHandler(
    slotGrantSignal,
    ({ slots, held: counted = slots, asOf, version }) => {
      // An answer to an older request may promise what the newer one gave back.
      if (!isNews(version) || asOf !== asked.nth) return;
      held = slots;
      known = counted;
    },
    { description: 'From the coordinator: how many tasks may be in flight.' },
  );
  return {
    places: () => Math.min(held, asked.wants),
    run: async (isClosing) => {
      for (;;) {
        await wf.condition(() => isClosing() || wants() !== asked.wants || holds() < known);
        if (isClosing()) return;
        asked = { wants: wants(), nth: asked.nth + 1 };
        held = Math.min(held, asked.wants);
        known = holds();
        await wf.getExternalWorkflowHandle(reportTo).signal(slotRequestSignal, { member: workflowId, ...asked, urgency: urgency(), holds: known });
        await wf.condition(isClosing, PAUSE, { summary: 'gather requests for places' });
      }
    },
  };
};
