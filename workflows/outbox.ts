import * as wf from '@temporalio/workflow';
import type { PeerItem } from '../domain/mesh.js';
import { peerSignal } from './messages.js';

/** A peer's letters: one signal per recipient and round, carrying all that gathered meanwhile. */
export interface Outbox {
  /** To one peer. */
  send(peer: string, item: PeerItem): void;
  /** Resolves when everything has been sent; the box is closed then. */
  close(): Promise<void>;
}

const PAUSE = '100 milliseconds';

/** Opens the box of the peer `self`; `idOf` gives the workflow id of a peer that lives. Letters to others are dropped: somebody else owns their tasks by then. */
export const openOutbox = (self: string, idOf: (peer: string) => string | undefined): Outbox => {
  const waiting = new Map<string, PeerItem[]>();
  let closing = false;
  const pump = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => closing || waiting.size > 0);
      if (waiting.size === 0) return;
      const letters = [...waiting];
      waiting.clear();
      await Promise.all(
        letters.map(async ([peer, items]) => {
          const id = idOf(peer);
          if (id === undefined) return;
          await wf
            .getExternalWorkflowHandle(id)
            .signal(peerSignal, { from: self, items })
            .catch(() => undefined);
        }),
      );
      if (!closing) await wf.condition(() => closing, PAUSE, { summary: 'gather letters' });
    }
  };
  const pumping = wf.CancellationScope.nonCancellable(pump);
  return {
    send: (peer, item) => {
      waiting.set(peer, [...(waiting.get(peer) ?? []), item]);
    },
    close: async () => {
      closing = true;
      await pumping;
    },
  };
};
