/** The event log of a swarm: append-only, gapless, part of workflow state. */

export const EVENT_TYPES = [
  'swarm.started',
  'swarm.recalled',
  'plan.repaired',
  'plan.accepted',
  'topology.chosen',
  'task.added',
  'task.moved',
  'task.assigned',
  'task.answered',
  'task.reviewed',
  'task.revised',
  'task.retried',
  'task.asked',
  'task.decided',
  'task.succeeded',
  'task.failed',
  'task.skipped',
  'task.cancelled',
  'call.settled',
  'workspace.opened',
  'effect.begun',
  'effect.done',
  'effect.undone',
  'effect.stuck',
  'vote.opened',
  'vote.resumed',
  'vote.cast',
  'vote.roundEnded',
  'vote.ended',
  'vote.asked',
  'vote.judged',
  'aggregate.started',
  'part.merged',
  'result.aggregated',
  'result.disputed',
  'swarm.paused',
  'swarm.resumed',
  'swarm.steered',
  'swarm.queenReplaced',
  'swarm.coordinatorReplaced',
  'swarm.switched',
  'peer.joined',
  'peer.lost',
  'manager.started',
  'manager.replaced',
  'manager.ended',
  'task.placed',
  'region.awaited',
  'region.joined',
  'region.lost',
  'region.started',
  'region.replaced',
  'region.ended',
  'swarm.budgetRaised',
  'swarm.ended',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What happened, before the log gave it a number. */
export interface EventDraft {
  readonly type: EventType;
  /** Milliseconds since 1970, workflow time. */
  readonly at: number;
  readonly taskId?: string;
  readonly agentId?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What a reader sees (contract.md); `at` is ISO 8601. */
export interface SwarmEvent {
  readonly swarmId: string;
  readonly seq: number;
  readonly type: EventType;
  readonly at: string;
  readonly taskId?: string;
  readonly agentId?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The last events of a run; those before `firstSeq` are in the previous run or the read model. */
export interface EventLog {
  readonly firstSeq: number;
  readonly events: SwarmEvent[];
}

export const openLog = (): EventLog => ({ firstSeq: 1, events: [] });

export const nextSeq = (log: EventLog): number => log.firstSeq + log.events.length;

/** Appends in place and returns the numbered event; numbers start at 1 and have no gaps. */
export const append = (log: EventLog, swarmId: string, draft: EventDraft): SwarmEvent => {
  const { at, data = {}, ...rest } = draft;
  const event: SwarmEvent = { swarmId, seq: nextSeq(log), ...rest, at: new Date(at).toISOString(), data };
  log.events.push(event);
  return event;
};

/** Events with a number above `afterSeq`, at most `limit`; null when some of them were cut off and must be read elsewhere. */
export const eventsAfter = (log: EventLog, afterSeq: number, limit = 500): readonly SwarmEvent[] | null => {
  const from = Math.max(0, afterSeq) + 1 - log.firstSeq;
  return from < 0 ? null : log.events.slice(from, from + limit);
};

/** The log cut to its last `keep` events, as continue-as-new carries it. */
export const tailOf = (log: EventLog, keep: number): EventLog => {
  const cut = Math.max(0, log.events.length - keep);
  return { firstSeq: log.firstSeq + cut, events: log.events.slice(cut) };
};
