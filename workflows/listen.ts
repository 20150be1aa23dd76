import * as wf from '@temporalio/workflow';
import { isAskedFor, JUDGEMENTS } from '../domain/ballot.js';
import { limitsIn, raiseRefusal } from '../domain/budget.js';
import type { ErrorReport } from '../domain/errors.js';
import { eventsAfter, nextSeq, type EventDraft } from '../domain/events.js';
import { TOPOLOGIES } from '../domain/names.js';
import { refusalsOf } from '../domain/sub-tasks.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { isEnded, record, taskOf, type SwarmState } from '../domain/swarm-state.js';
import { DECISIONS } from '../domain/task-graph.js';
import { decisionOf, isAsking } from '../domain/task-state.js';
import { statusInputOf } from '../domain/view.js';
import { voteViewOf } from '../domain/vote-view.js';
import {
  addTaskUpdate,
  answerUpdate,
  judgeUpdate,
  costQuery,
  eventsQuery,
  pauseSignal,
  raiseBudgetUpdate,
  reportSignal,
  resumeSignal,
  statusQuery,
  steerUpdate,
  switchTopologyUpdate,
  votesQuery,
  type EventsReply,
} from './messages.js';

/** Registers every handler before the first await, so that no message of the first task is lost. */
export const listen = (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'> & { at?: number }) => void, tellCoordinator: () => Promise<void>): void => {
  wf.setHandler(statusQuery, () => ({ input: statusInputOf(input), state: withoutLog(state), lastSeq: nextSeq(state.log) - 1 }), {
    description: 'The whole swarm but its events.',
  });
  wf.setHandler(eventsQuery, (afterSeq) => eventsReply(state, afterSeq), { description: 'Events with a number above the argument, one page.' });
  wf.setHandler(votesQuery, () => state.votes.map(voteViewOf), { description: 'Every vote: proposal, electorate, quorum, ballots with why they count, and the recount.' });
  wf.setHandler(costQuery, () => ({ usage: state.usage, budget: limitsIn(state.budget) }), {
    description: 'Calls, tokens and money used so far, and the limits.',
  });
  wf.setHandler(
    pauseSignal,
    async () => {
      if (state.status !== 'running') return;
      emit({ type: 'swarm.paused' });
      wf.upsertSearchAttributes({ CfStatus: ['paused'] });
      await tellCoordinator();
    },
    { description: 'Start nothing new until resumed; calls in flight end.' },
  );
  wf.setHandler(
    resumeSignal,
    async () => {
      if (state.status !== 'paused') return;
      emit({ type: 'swarm.resumed' });
      wf.upsertSearchAttributes({ CfStatus: ['running'] });
      await tellCoordinator();
    },
    { description: 'Go on after a pause.' },
  );
  wf.setHandler(
    steerUpdate,
    async (text) => {
      emit({ type: 'swarm.steered', data: { text } });
      await tellCoordinator();
      return state.steering.length;
    },
    {
      description: 'Guidance that every task started from now on carries.',
      validator: (_text: string) => {
        if (isEnded(state.status)) throw refusal('conflict', 'The swarm has ended.');
      },
    },
  );
  wf.setHandler(
    addTaskUpdate,
    async (specs) => {
      for (const spec of specs) emit({ type: 'task.added', taskId: spec.id, data: { spec } });
      await tellCoordinator();
      return state.tasks.length;
    },
    {
      description: 'More tasks for a swarm that runs; they may depend on tasks it has.',
      validator: (specs) => {
        if (isEnded(state.status) || state.phase === 'record') throw refusal('conflict', 'The swarm has ended.');
        if (state.phase === 'recall' || state.phase === 'plan') throw refusal('conflict', 'The swarm is still being planned: add the task when its plan is there.');
        const why = refusalsOf(state.tasks, specs, new Set(input.roster.map(({ name }) => name)));
        if (why.length > 0) throw refusal('invalid_input', why.join(' '));
      },
    },
  );
  wf.setHandler(
    answerUpdate,
    async ({ taskId, decision }) => {
      emit({ type: 'task.decided', taskId, data: { decision } });
      await tellCoordinator();
    },
    {
      description: 'What becomes of a task that failed and asks: retry, skip or fail.',
      validator: ({ taskId, decision }) => {
        if (isEnded(state.status)) throw refusal('conflict', 'The swarm has ended.');
        const task = taskOf(state, taskId);
        if (!task) throw refusal('invalid_input', `The swarm has no task "${taskId}".`);
        if (!DECISIONS.includes(decision)) throw refusal('invalid_input', `"${String(decision)}" is no answer; there are ${DECISIONS.join(', ')}.`);
        if (!isAsking(task) || decisionOf(task) !== null) throw refusal('conflict', `The task "${taskId}" does not ask for an answer.`);
      },
    },
  );
  wf.setHandler(
    judgeUpdate,
    async (verdict) => {
      emit({ type: 'vote.judged', data: { vote: state.votes.find(isAskedFor)?.proposal.id, verdict } });
      await tellCoordinator();
    },
    {
      description: 'What a person decides of an outcome that found no quorum: approve or reject.',
      validator: (verdict) => {
        if (isEnded(state.status)) throw refusal('conflict', 'The swarm has ended.');
        if (!JUDGEMENTS.includes(verdict)) throw refusal('invalid_input', `"${String(verdict)}" is no answer; there are ${JUDGEMENTS.join(', ')}.`);
        if (!state.votes.some(isAskedFor)) throw refusal('conflict', 'The outcome does not ask for an answer.');
      },
    },
  );
  wf.setHandler(
    raiseBudgetUpdate,
    async (wanted) => {
      const budget = limitsIn(state.budget, wanted);
      emit({ type: 'swarm.budgetRaised', data: { budget } });
      await tellCoordinator();
      return budget;
    },
    {
      description: 'Higher limits of tokens, money and calls for a swarm that runs.',
      validator: (wanted) => {
        if (isEnded(state.status)) throw refusal('conflict', 'The swarm has ended.');
        const why = raiseRefusal(state.budget, wanted);
        if (why !== null) throw refusal('invalid_input', why);
      },
    },
  );
  wf.setHandler(
    switchTopologyUpdate,
    async (to) => {
      const from = state.topology;
      if (to === from) return from;
      emit({ type: 'swarm.switched', data: { from, to } });
      wf.upsertSearchAttributes({ CfTopology: [to] });
      await tellCoordinator();
      return from;
    },
    {
      description: 'Another topology from the next safe point on: what runs is finished, what is settled is kept.',
      validator: (to) => {
        if (isEnded(state.status) || state.phase === 'record') throw refusal('conflict', 'The swarm has ended.');
        if (!TOPOLOGIES.includes(to)) throw refusal('invalid_input', `There is no topology "${String(to)}"; there are ${TOPOLOGIES.join(', ')}.`);
      },
    },
  );
  wf.setHandler(
    reportSignal,
    ({ term, first, drafts }) => {
      if (term !== state.term) return;
      for (const draft of drafts.slice(Math.max(0, state.reported - first), -1)) record(state, draft);
      const last = drafts.at(-1);
      if (last && first + drafts.length > state.reported) emit(last);
      state.reported = Math.max(state.reported, first + drafts.length);
    },
    { description: 'Events of the coordinator, in order.' },
  );
};

const refusal = (type: ErrorReport['code'], message: string): wf.ApplicationFailure => wf.ApplicationFailure.create({ type, message, nonRetryable: true });

const withoutLog = ({ log: _log, texts: _texts, ...rest }: SwarmState): Omit<SwarmState, 'log' | 'texts'> => rest;

const eventsReply = (state: SwarmState, afterSeq: number): EventsReply => {
  const events = eventsAfter(state.log, afterSeq);
  const holder = events === null ? state.earlierRuns.findLast(({ firstSeq }) => firstSeq <= afterSeq + 1) : undefined;
  return { events: events ?? [], lastSeq: nextSeq(state.log) - 1, ended: isEnded(state.status), readRunId: holder?.runId ?? null };
};
