import type { AgentDefinition } from './agent.js';

/** The part of a definition that selection reads. */
export type Candidate = Pick<AgentDefinition, 'name' | 'craft' | 'description' | 'capabilities'>;

export interface Selection {
  readonly role: string;
  /** Shown to the user: why this role and not another. */
  readonly reason: string;
}

/** Roles that run the swarm; they take a task only when it names them or nobody else is there. */
const COORDINATION = 'coordination';

const words = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);

/** A capability counts 3 and a word of name or description 1 where the task speaks of it; prefixes match (`test` and `tests`). */
const score = (candidate: Candidate, task: ReadonlySet<string>): number => {
  const hits = (text: string): number => [...words(text)].filter((word) => [...task].some((other) => related(word, other))).length;
  return 3 * hits(candidate.capabilities.join(' ')) + hits(`${candidate.name} ${candidate.description}`);
};

const related = (a: string, b: string): boolean => a === b || (Math.min(a.length, b.length) >= 4 && (a.startsWith(b) || b.startsWith(a)));

/** How a role's tasks went so far in this swarm. */
export interface TrackRecord {
  readonly settled: number;
  /** Failed, or disputed by their reviewers. */
  readonly bad: number;
}
const NO_RECORD: TrackRecord = { settled: 0, bad: 0 };
const badShare = ({ settled, bad }: TrackRecord): number => (settled === 0 ? 0 : bad / settled);

interface Ranked {
  readonly name: string;
  readonly score: number;
  readonly load: number;
  readonly record: TrackRecord;
}

/** The roles that may do a task, best first: by capability, then the least loaded, then the best record, then by name. */
const rankRoles = (title: string, roster: readonly Candidate[], load: ReadonlyMap<string, number>, records: ReadonlyMap<string, TrackRecord>): readonly Ranked[] => {
  const workers = roster.filter(({ craft }) => craft !== COORDINATION);
  const speaks = words(title);
  return (workers.length > 0 ? workers : roster)
    .map((candidate) => ({ name: candidate.name, score: score(candidate, speaks), load: load.get(candidate.name) ?? 0, record: records.get(candidate.name) ?? NO_RECORD }))
    .sort((a, b) => b.score - a.score || a.load - b.load || badShare(a.record) - badShare(b.record) || (a.name < b.name ? -1 : 1));
};

const describe = ({ score: points, load, record }: Ranked): string =>
  `score ${points}, ${load} at work${record.settled === 0 ? '' : `, ${record.bad} of ${record.settled} went badly`}`;

/** Picks the role for a task: the named one, else the best match by capability, load and record, which is asked for only where it is needed; pure and total for a roster that is not empty. */
export const selectRole = (
  task: { readonly title: string; readonly role: string | null },
  roster: readonly Candidate[],
  load: ReadonlyMap<string, number>,
  records: () => ReadonlyMap<string, TrackRecord> = () => new Map(),
): Selection => {
  const named = roster.find(({ name }) => name === task.role);
  if (named) return { role: named.name, reason: 'named by the plan' };
  const ranked = rankRoles(task.title, roster, load, records());
  const [best] = ranked;
  return { role: best?.name ?? '', reason: `best match of ${ranked.length} by capability (${best ? describe(best) : ''})` };
};

/** One role that an election may choose, with what speaks for it. */
export interface Nominee {
  readonly role: string;
  readonly description: string;
}
const NOMINEES = 3;

/** Whom the queen proposes for a task, her own choice first: what the elders vote on. */
export const nominate = (
  task: { readonly title: string; readonly role: string | null },
  roster: readonly Candidate[],
  load: ReadonlyMap<string, number>,
  records: ReadonlyMap<string, TrackRecord>,
): readonly Nominee[] => {
  const first = selectRole(task, roster, load, () => records).role;
  const ranked = rankRoles(task.title, roster, load, records);
  const chosen = [...ranked.filter(({ name }) => name === first), ...ranked.filter(({ name }) => name !== first)].slice(0, NOMINEES);
  return chosen.map((one) => ({ role: one.name, description: `${roster.find(({ name }) => name === one.name)?.description ?? ''} (${describe(one)})` }));
};

/** How the roles' tasks went, by role. */
export const recordsOf = (tasks: readonly { readonly agentId: string | null; readonly status: string; readonly disputed: boolean }[]): ReadonlyMap<string, TrackRecord> => {
  const records = new Map<string, TrackRecord>();
  for (const { agentId, status, disputed } of tasks) {
    if (agentId === null || (status !== 'succeeded' && status !== 'failed')) continue;
    const { settled, bad } = records.get(roleOfAgent(agentId)) ?? NO_RECORD;
    records.set(roleOfAgent(agentId), { settled: settled + 1, bad: bad + (status === 'failed' || disputed ? 1 : 0) });
  }
  return records;
};

/** The role that reviews `author`'s work: `reviewer`, else another worker role, else another agent of the same role. */
export const selectReviewer = (author: string, roster: readonly Candidate[]): Selection => {
  const reviewer = roster.find(({ name }) => name === 'reviewer');
  if (reviewer) return { role: reviewer.name, reason: 'the roster has a reviewer' };
  const other = roster.find(({ name, craft }) => name !== author && craft !== COORDINATION) ?? roster.find(({ name }) => name !== author);
  return other ? { role: other.name, reason: 'no reviewer in the roster: another role' } : { role: author, reason: 'one role only: another agent of it' };
};

/** The agents at work, by id: gives out the lowest free number of a role, so that ids stay few and stable. */
export interface AgentPool {
  readonly busy: Set<string>;
  /** Where these agents are at work, such as `@coding`: keeps ids of several pools of one swarm apart. */
  readonly place: string;
}

/** The role of an agent, by its id. */
export const roleOfAgent = (agentId: string): string => /^([^@]*)-\d+(?:@.*)?$/.exec(agentId)?.[1] ?? agentId;

export const openPool = (place = ''): AgentPool => ({ busy: new Set(), place });

export const takeAgent = (pool: AgentPool, role: string): string => {
  let nth = 1;
  while (pool.busy.has(`${role}-${nth}${pool.place}`)) nth += 1;
  const id = `${role}-${nth}${pool.place}`;
  pool.busy.add(id);
  return id;
};

export const releaseAgent = (pool: AgentPool, agentId: string): void => {
  pool.busy.delete(agentId);
};

/** Agents at work per role. */
export const loadOf = (pool: AgentPool): ReadonlyMap<string, number> => {
  const load = new Map<string, number>();
  for (const id of pool.busy) {
    const role = roleOfAgent(id);
    load.set(role, (load.get(role) ?? 0) + 1);
  }
  return load;
};
