import * as wf from '@temporalio/workflow';
import type { EventDraft } from '../domain/events.js';
import { reportSignal } from './messages.js';

/** Carries a coordinator's events up to its swarm, in order, many per signal. */
export interface ReportLine {
  send(draft: EventDraft): void;
  /** Resolves when everything sent has reached the swarm; the line is closed then. */
  close(): Promise<void>;
}

/** At most four signals a second (architecture.md section 6: signals cost), each well inside the payload limit. */
const PAUSE = '250 milliseconds';
const MAX_BATCH_BYTES = 64 * 1024;

/** Opens the line of one term to the swarm, or from a member, which says who it is, to its coordinator; `onSend` is called before each signal; its pump survives cancellation, so that the last events arrive too. */
export const openReportLine = (reportTo: string, term: number, onSend: () => void, source?: string): ReportLine => {
  const swarm = wf.getExternalWorkflowHandle(reportTo);
  const waiting: EventDraft[] = [];
  let sent = 0;
  let closing = false;

  const pump = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => waiting.length > 0 || closing);
      if (waiting.length === 0) return;
      const drafts = takeBatch(waiting);
      onSend();
      await swarm.signal(reportSignal, { term, first: sent, drafts, ...(source === undefined ? {} : { source }) });
      sent += drafts.length;
      if (!closing) await wf.condition(() => closing, PAUSE, { summary: 'gather events' });
    }
  };
  const pumping = wf.CancellationScope.nonCancellable(pump);

  return {
    send: (draft) => {
      waiting.push(draft);
    },
    close: async () => {
      closing = true;
      await pumping;
    },
  };
};

const takeBatch = (waiting: EventDraft[]): EventDraft[] => {
  let bytes = 0;
  const size = waiting.findIndex((draft) => {
    bytes += JSON.stringify(draft).length;
    return bytes > MAX_BATCH_BYTES;
  });
  return waiting.splice(0, size <= 0 ? waiting.length : size);
};
