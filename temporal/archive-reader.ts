import type { SwarmEvent } from '../domain/events.js';
import type { SwarmView } from '../domain/view.js';

/** What the façade reads of the read model, so that a swarm is known after its history is gone. */
export interface ArchivePort {
  get(swarmId: string): { readonly view: string } | null;
  list(query: { readonly limit: number; readonly before?: number; readonly status?: string }): readonly { readonly swarmId: string; readonly view: string }[];
  events(swarmId: string, afterSeq: number, limit: number): readonly SwarmEvent[];
}

/** What views of older versions lack comes first. */
const fromArchive = (view: string): SwarmView => ({
  workspace: null,
  effects: [],
  ...(JSON.parse(view) as Omit<SwarmView, 'workspace' | 'effects'>),
  temporalUi: null,
  source: 'archive',
});

/** The view a swarm ended with, or null when the read model does not know it. */
export const readEnded = (archive: ArchivePort, swarmId: string): SwarmView | null => {
  const row = archive.get(swarmId);
  return row && fromArchive(row.view);
};

/** Ended swarms of the read model, newest first. */
export const listEnded = (archive: ArchivePort, query: { readonly limit: number; readonly before?: number; readonly status?: string }): readonly SwarmView[] =>
  archive.list(query).map(({ view }) => fromArchive(view));
