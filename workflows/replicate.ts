import * as wf from '@temporalio/workflow';
import { concerns, digestOf, EMPTY, membershipStamp, merge, stampOf, type Entry, type Replica } from '../domain/replica.js';
import { unlessEnded } from './crew.js';
import { PAUSE } from './lease-places.js';
import { replicaQuery, syncSignal } from './messages.js';

/** News that nobody waits for is sent this often. */
const SYNC = '5 seconds';
/** Well inside the payload limit. */
const MAX_BYTES = 64 * 1024;

/** Whom a replica sends to. */
export interface Neighbour {
  readonly region: string;
  readonly workflowId: string;
}

export interface ReplicatorDeps {
  /** What it starts from; those in `seen` of a neighbour know it. */
  readonly start: Replica;
  readonly neighbours: () => readonly Neighbour[];
  /** The entries it passes on: its own, so that each comes from one place. */
  readonly isOwn: (entry: Entry) => boolean;
  readonly ownsRegions: boolean;
  /** Called after others' news have been merged, the first time perhaps before the replicator is returned. */
  readonly onSync?: (update: Replica, replica: Replica) => void;
}

/** Keeps one replica and sends what is new in it to the others: at once to whoever waits for it, else on a timer. */
export interface Replicator {
  replica(): Replica;
  /** Merges what this one has to say. */
  say(update: Replica): void;
  /** A neighbour starts from all that is known now. */
  joined(workflowId: string): void;
  /** Sends until `isClosing`. */
  run(isClosing: () => boolean): Promise<void>;
}

export const openReplicator = ({ start, neighbours, isOwn, ownsRegions, onSync }: ReplicatorDeps): Replicator => {
  let replica = merge(EMPTY, start);
  let changes = 0;
  const sent = new Map<string, Map<string, string>>();

  const learn = (update: Replica): void => {
    replica = merge(replica, update);
    changes += 1;
  };
  wf.setHandler(
    syncSignal,
    (update) => {
      learn(update);
      onSync?.(update, replica);
    },
    {
      description: 'A part of the state that the regions share.',
    },
  );
  wf.setHandler(replicaQuery, () => digestOf(replica), { description: 'What this replica of the shared state knows.' });

  const stamps = (): ReadonlyMap<string, string> =>
    new Map([
      ...Object.entries(replica.tasks).flatMap(([id, entry]) => (isOwn(entry) ? [[`task ${id}`, stampOf(entry)] as const] : [])),
      ...(ownsRegions ? Object.entries(replica.regions).map(([name, region]) => [`region ${name}`, membershipStamp(region)] as const) : []),
    ]);
  const isUrgent = (key: string, region: string): boolean => key.startsWith('region ') || concerns(replica, region, key.slice('task '.length));

  interface Parcel extends Neighbour {
    readonly keys: readonly string[];
    readonly isUrgent: boolean;
  }
  const unsent = (): readonly Parcel[] => {
    const now = stamps();
    return neighbours().flatMap((neighbour) => {
      const known = sent.get(neighbour.workflowId);
      const keys = [...now].flatMap(([key, stamp]) => (known?.get(key) === stamp ? [] : [key]));
      return keys.length === 0 ? [] : [{ ...neighbour, keys, isUrgent: keys.some((key) => isUrgent(key, neighbour.region)) }];
    });
  };
  /** Looked at after every step of the workflow, so found anew only when something has changed. */
  let found: { readonly at: string; readonly parcels: readonly Parcel[] } = { at: '', parcels: [] };
  const due = (): readonly Parcel[] => {
    const at = `${changes} ${neighbours()
      .map(({ workflowId }) => workflowId)
      .join(' ')}`;
    if (found.at !== at) found = { at, parcels: unsent() };
    return found.parcels;
  };

  const deliver = async ({ workflowId, keys }: Parcel): Promise<void> => {
    const known = sent.get(workflowId) ?? new Map<string, string>();
    sent.set(workflowId, known);
    const now = stamps();
    for (const part of partsOf(replica, keys)) await unlessEnded(wf.getExternalWorkflowHandle(workflowId).signal(syncSignal, part));
    for (const key of keys) known.set(key, now.get(key) ?? '');
    changes += 1;
  };

  return {
    replica: () => replica,
    say: learn,
    joined: (workflowId) => {
      sent.set(workflowId, new Map(stamps()));
      changes += 1;
    },
    run: async (isClosing) => {
      for (;;) {
        await wf.condition(() => isClosing() || due().length > 0);
        if (isClosing()) return;
        if (!due().some(({ isUrgent: urgent }) => urgent))
          await wf.condition(() => isClosing() || due().some(({ isUrgent: urgent }) => urgent), SYNC, { summary: 'synchronise the regions' });
        if (isClosing()) return;
        const isTimeUp = !due().some(({ isUrgent: urgent }) => urgent);
        await Promise.all(due().flatMap((parcel) => (isTimeUp || parcel.isUrgent ? [deliver(parcel)] : [])));
        await wf.condition(isClosing, PAUSE, { summary: 'gather news for other regions' });
      }
    },
  };
};

/** The named parts of a replica, each part inside the limit of a signal. */
const partsOf = (replica: Replica, keys: readonly string[]): readonly Replica[] => {
  const parts: Replica[] = [];
  let [part, bytes] = [EMPTY, 0];
  for (const key of keys) {
    const name = key.slice(key.indexOf(' ') + 1);
    const [entry, region] = key.startsWith('task ') ? [replica.tasks[name], undefined] : [undefined, replica.regions[name]];
    const one: Replica = { tasks: entry ? { [name]: entry } : {}, regions: region ? { [name]: region } : {} };
    bytes += JSON.stringify(one).length;
    if (bytes > MAX_BYTES && part !== EMPTY) {
      parts.push(part);
      [part, bytes] = [EMPTY, JSON.stringify(one).length];
    }
    part = merge(part, one);
  }
  return [...parts, part];
};
