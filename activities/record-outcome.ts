import type { SwarmEvent } from '../domain/events.js';
import { unpackState } from '../domain/pack-state.js';
import { viewOf, type StatusReply } from '../domain/view.js';
import type { BlobStore, SwarmArchive } from '../storage/port.js';

export interface RecordDeps {
  readonly archive: SwarmArchive;
  readonly blobs: BlobStore;
}

export const createRecordActivities = ({ archive, blobs }: RecordDeps) => ({
  /** Writes the last view of an ended swarm to the read model; replaces what is there, so it may be repeated. The state comes in pages. */
  recordOutcome: async (input: StatusReply['input'], lastSeq: number, ...pages: unknown[]): Promise<void> => {
    const state = unpackState(pages);
    const endedAt = state.endedAt ?? state.startedAt;
    const view = viewOf({ input, state, lastSeq }, endedAt);
    const result = state.resultText ?? (state.result && (await blobs.get(state.result.hash)));
    archive.save({ swarmId: state.swarmId, status: state.status, startedAt: state.startedAt, endedAt, view: JSON.stringify({ ...view, result }) });
  },
  /** Adds a page of events to the read model; those already there are left alone. */
  recordEvents: async (swarmId: string, events: readonly SwarmEvent[]): Promise<void> => {
    archive.saveEvents(swarmId, events);
  },
});
export type RecordActivities = ReturnType<typeof createRecordActivities>;
