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

/** Picks the role for a task: the named one, else the best match by capability, then the least loaded, then by name; pure and total for a roster that is not empty. */
export const selectRole = (task: { readonly title: string; readonly role: string | null }, roster: readonly Candidate[], load: ReadonlyMap<string, number>): Selection => {
  const named = roster.find(({ name }) => name === task.role);
  if (named) return { role: named.name, reason: 'named by the plan' };
  const workers = roster.filter(({ craft }) => craft !== COORDINATION);
  const speaks = words(task.title);
  const ranked = (workers.length > 0 ? workers : roster)
    .map((candidate) => ({ name: candidate.name, score: score(candidate, speaks), load: load.get(candidate.name) ?? 0 }))
    .sort((a, b) => b.score - a.score || a.load - b.load || (a.name < b.name ? -1 : 1));
  const [best] = ranked;
  return { role: best?.name ?? '', reason: `best match of ${ranked.length} by capability (score ${best?.score ?? 0}, ${best?.load ?? 0} at work)` };
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
