import { totalOf, type Proposal } from './ballot.js';
import type { BudgetLimits } from './budget.js';
import type { EventType, SwarmEvent } from './events.js';
import { isEnded } from './swarm-state.js';
import type { CallUsage } from './usage.js';
import { faultsTolerated, quorumOf } from './tally.js';
import type { TaskSpec } from './task-graph.js';
import type { SwarmView } from './view.js';

/** One figure of a swarm with the events it comes from, and what they give when they are counted again by themselves (row I7). */
export interface Figure {
  /** Where the view has it, arrays by id: `usage.modelCalls`, `tasks.t1.attempts`; `counts.…` are sums that people see. */
  readonly name: string;
  readonly shown: number | null;
  /** Null where a price, or the end, is not known. */
  readonly recounted: number | null;
  readonly agrees: boolean;
  /** Numbers of its events, ascending. */
  readonly events: readonly number[];
}

interface Source {
  readonly value: number | null;
  readonly events: readonly SwarmEvent[];
}

/** Every figure of the view, from its events up to `lastSeq`, all of which are needed; pure. */
export const figuresOf = (view: SwarmView, events: readonly SwarmEvent[]): readonly Figure[] => {
  const known = events.slice(0, view.lastSeq);
  const figure = (name: string, shown: number | null, { value, events: from }: Source): Figure => ({
    name,
    shown,
    recounted: value,
    agrees: shown === value,
    events: from.map(({ seq }) => seq),
  });
  return [
    ...usageOf(view, known, figure),
    ...limitsOf(view, known, figure),
    ...timesOf(view, known, figure),
    ...countsOf(view, known, figure),
    ...attemptsOf(view, known, figure),
    ...votesOf(view, known, figure),
    figure('lastSeq', view.lastSeq, { value: known.length, events: known.slice(-1) }),
  ];
};

type Make = (name: string, shown: number | null, source: Source) => Figure;
type Reader = (view: SwarmView, events: readonly SwarmEvent[], figure: Make) => readonly Figure[];

const ofType = (events: readonly SwarmEvent[], ...types: readonly EventType[]): readonly SwarmEvent[] => events.filter(({ type }) => types.includes(type));
const timeOf = (event: SwarmEvent | undefined): number | null => (event ? Date.parse(event.at) : null);
const groupBy = <T>(items: readonly T[], nameOf: (item: T) => string | undefined): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
};

/** Each call once, however often a coordinator that took over reported it. */
const usageOf: Reader = ({ usage }, events, figure) => {
  const seen = new Set<string>();
  const calls = events.flatMap((event) => {
    const used = event.data['usage'] as CallUsage | undefined;
    if (!used) return [];
    const name = `${event.taskId ?? 'swarm'} ${used.call ?? event.seq}`;
    if (seen.has(name)) return [];
    seen.add(name);
    return [{ event, used }];
  });
  const sum = (of: (used: CallUsage) => number | null): Source => ({
    value: calls.reduce<number | null>((total, { used }) => (total === null || of(used) === null ? null : total + (of(used) ?? 0)), 0),
    events: calls.map(({ event }) => event),
  });
  const microUsd = sum((used) => used.microUsd);
  const isPriced = calls.length > 0 || usage.costUsd !== null;
  return [
    figure(
      'usage.modelCalls',
      usage.modelCalls,
      sum(() => 1),
    ),
    figure(
      'usage.inputTokens',
      usage.inputTokens,
      sum((used) => used.in),
    ),
    figure(
      'usage.outputTokens',
      usage.outputTokens,
      sum((used) => used.out),
    ),
    figure('usage.costUsd', usage.costUsd, { ...microUsd, value: microUsd.value === null || !isPriced ? null : microUsd.value / 1e6 }),
  ];
};

/** Limits stand in the event that set them last: the start, or a raise. */
const limitsOf: Reader = ({ budget }, events, figure) => {
  const from = events.findLast(({ data }) => data['budget'] !== undefined) ?? events[0];
  const limits = from?.data['budget'] as BudgetLimits | undefined;
  // Started by a version whose first event did not carry them: that event stands for the input.
  const source = (value: number | null, shown: number | null): Source => ({ value: limits ? value : shown, events: from ? [from] : [] });
  const usd = limits?.microUsd ?? null;
  return [
    figure('budget.tokens', budget.tokens, source(limits?.tokens ?? null, budget.tokens)),
    figure('budget.usd', budget.usd, source(usd === null ? null : usd / 1e6, budget.usd)),
    figure('budget.calls', budget.calls, source(limits?.calls ?? null, budget.calls)),
  ];
};

/** What runs counts up to now, which no event says: those figures are only named. */
const timesOf: Reader = (view, events, figure) => {
  const start = events[0];
  const end = ofType(events, 'swarm.ended').at(-1);
  const lasted = (from: SwarmEvent | undefined, to: SwarmEvent | undefined): number | null => (from && to ? Date.parse(to.at) - Date.parse(from.at) : null);
  const byTask = groupBy(events, ({ taskId }) => taskId);
  const path = view.criticalPath.tasks.map((id) => {
    const own = byTask.get(id) ?? [];
    return { from: ofType(own, 'task.assigned')[0], to: ofType(own, 'task.succeeded', 'task.failed', 'task.skipped', 'task.cancelled').at(-1) };
  });
  const isOver = path.every(({ to }) => to);
  const durations = path.map(({ from, to }) => lasted(from, to) ?? 0);
  return [
    figure('startedAt', Date.parse(view.startedAt), { value: timeOf(start), events: start ? [start] : [] }),
    figure('endedAt', view.endedAt === null ? null : Date.parse(view.endedAt), { value: timeOf(end), events: end ? [end] : [] }),
    figure('durationMs', view.durationMs, { value: isEnded(view.status) ? lasted(start, end) : view.durationMs, events: [start, end].flatMap((event) => event ?? []) }),
    figure('criticalPath.durationMs', view.criticalPath.durationMs, {
      value: isOver ? durations.reduce((total, ms) => total + ms, 0) : view.criticalPath.durationMs,
      events: path.flatMap(({ from, to }) => [from, to].flatMap((event) => event ?? [])).sort((a, b) => a.seq - b.seq),
    }),
  ];
};

/** How many tasks there are, and how many ended each way; how many changes stand. */
const countsOf: Reader = ({ tasks, effects }, events, figure) => {
  const planned = ofType(events, 'plan.accepted');
  const added = [...groupBy(ofType(events, 'task.added'), ({ data }) => (data['spec'] as TaskSpec | undefined)?.id).values()].flatMap(([first]) => first ?? []);
  const ends = [...groupBy(ofType(events, 'task.succeeded', 'task.failed', 'task.skipped', 'task.cancelled'), ({ taskId }) => taskId).values()].flatMap((own) => own.at(-1) ?? []);
  const endedAs = (status: 'succeeded' | 'failed' | 'skipped' | 'cancelled'): Figure => {
    const own = ofType(ends, `task.${status}`);
    return figure(`counts.${status}`, tasks.filter((task) => task.status === status).length, { value: own.length, events: own });
  };
  const disputed = ends.filter(({ data }) => data['disputed'] === true);
  // A change that is begun again after it was done is still done.
  const changes = [...groupBy(ofType(events, 'effect.begun', 'effect.done', 'effect.undone', 'effect.stuck'), ({ data }) => data['effect'] as string | undefined).values()]
    .flatMap((own) => own.reduce((last, event) => (event.type === 'effect.begun' && last.type === 'effect.done' ? last : event)))
    .filter(({ type }) => type === 'effect.done');
  return [
    figure('counts.tasks', tasks.length, {
      value: Number(planned.at(-1)?.data['tasks'] ?? 0) + added.length,
      events: [...planned.slice(-1), ...added].sort((a, b) => a.seq - b.seq),
    }),
    endedAs('succeeded'),
    endedAs('failed'),
    endedAs('skipped'),
    endedAs('cancelled'),
    figure('counts.disputed', tasks.filter((task) => task.disputed).length, { value: disputed.length, events: disputed }),
    figure('counts.changes', effects.filter(({ status }) => status === 'done').length, { value: changes.length, events: changes }),
  ];
};

/** An assignment begins with the first attempt; each revision and each retry is one more. */
const attemptsOf: Reader = ({ tasks }, events, figure) => {
  const byTask = groupBy(ofType(events, 'task.assigned', 'task.revised', 'task.retried'), ({ taskId }) => taskId);
  return tasks.map(({ id, attempts }) => {
    const own = byTask.get(id) ?? [];
    const since = own.slice(
      Math.max(
        0,
        own.findLastIndex(({ type }) => type === 'task.assigned'),
      ),
    );
    return figure(`tasks.${id}.attempts`, attempts, { value: since.length, events: since });
  });
};

const votesOf: Reader = ({ votes }, events, figure) => {
  const opened = new Map(ofType(events, 'vote.opened').map((event) => [(event.data['proposal'] as Proposal).id, event]));
  const byVote = groupBy(ofType(events, 'vote.cast', 'vote.roundEnded'), ({ data }) => data['vote'] as string | undefined);
  return votes.flatMap(({ id, electorate, quorum, faultsTolerated: faults, round, ballots }) => {
    const first = opened.get(id);
    const proposal = first?.data['proposal'] as Proposal | undefined;
    const total = proposal ? totalOf(proposal) : 0;
    const cast = ofType(byVote.get(id) ?? [], 'vote.cast');
    const roundEnds = ofType(byVote.get(id) ?? [], 'vote.roundEnded');
    const atOpening = (value: number): Source => ({ value, events: first ? [first] : [] });
    return [
      figure(`votes.${id}.electorate`, electorate, atOpening(total)),
      figure(`votes.${id}.quorum`, quorum, atOpening(quorumOf(total))),
      figure(`votes.${id}.faultsTolerated`, faults, atOpening(faultsTolerated(total))),
      figure(`votes.${id}.round`, round, { value: Math.min(1 + roundEnds.length, proposal?.rounds ?? 1), events: first ? [first, ...roundEnds] : [] }),
      figure(`votes.${id}.ballots`, ballots.length, { value: cast.length, events: cast }),
    ];
  });
};
