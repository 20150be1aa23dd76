import * as wf from '@temporalio/workflow';
import { hearAnswers } from '../domain/answers.js';
import { detailsOf } from '../domain/details.js';
import type { EventDraft } from '../domain/events.js';
import type { PromptContext } from '../domain/prompts.js';
import { mergeLessons } from '../domain/lessons.js';
import { openPool, releaseAgent, takeAgent, type AgentPool } from '../domain/selection.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { unpackState } from '../domain/pack-state.js';
import { record, taskOf, type SwarmState } from '../domain/swarm-state.js';
import { openVersions } from '../domain/versions.js';
import { createAsker, type Answered, type Asker, type Question } from './ask-model.js';
import { controlSignal, type CoordinatorControl } from './messages.js';
import { openReportLine } from './report-line.js';

/** What every coordinator has: its copy of the swarm's state, its agents, its lines to the models and to the swarm. */
export interface Coordinator {
  readonly input: SwarmInput;
  readonly state: SwarmState;
  readonly pool: AgentPool;
  readonly ask: Asker['ask'];
  /** Asks as an agent of a role that is free, for this one question. */
  askAs(role: string, question: Omit<Question, 'role' | 'agentId'>): Promise<{ readonly agentId: string; readonly answered: Answered }>;
  /** Writes an event into the own state and sends it to the swarm. */
  emit(draft: Omit<EventDraft, 'at'>): void;
  /** The same for an event that a member reported, which has its time already. */
  relay(draft: EventDraft): void;
  /** Calls back after each control message. */
  onControl(listener: () => void): void;
  control(): CoordinatorControl;
  /** Start nothing more: the swarm said so, or the history is long. */
  wantsHandOver(): boolean;
  /** The objective and the first `steerings` texts of guidance; null = all so far. */
  contextOf(steerings: number | null): PromptContext;
  /** Resolves when the swarm has every event. */
  close(): Promise<void>;
}

/** `SWARM/mesh-1/peer-2` is at `@peer-2`, `…/manager-coding.2` at `@coding`, `…/region-eu` at `@eu`. */
const placeOf = (workflowId: string): string => `@${(workflowId.split('/').at(-1) ?? '').replace(/^(manager|region)-/, '').replace(/\.\d+$/, '')}`;

/** Where a coordinator stands. */
export interface Place {
  /** Workflow id of whoever is above it: the swarm unless told. */
  readonly reportTo?: string;
  /** Its own workflow id, where it is a member and says who it is. */
  readonly source?: string;
  /** Queue of its model calls: that of the model unless told. */
  readonly calls?: string;
}

/** Opens a coordinator of one term from the snapshot its swarm gave it; registers its handlers before anything is awaited. */
export const openCoordinator = (input: SwarmInput, snapshot: readonly unknown[], { reportTo = input.swarmId, source, calls }: Place = {}): Coordinator => {
  const state = unpackState(snapshot);
  let control: CoordinatorControl = { paused: state.status === 'paused', steering: state.steering, handOver: false };
  const listeners: (() => void)[] = [];
  const isNews = openVersions();
  wf.setHandler(
    controlSignal,
    (wanted) => {
      if (!isNews(wanted.version)) return;
      control = wanted;
      // The swarm has these events already: they are not reported again.
      for (const spec of wanted.added ?? []) if (!taskOf(state, spec.id)) record(state, { type: 'task.added', at: Date.now(), data: { spec } });
      hearAnswers(state, wanted);
      state.lessons = mergeLessons(state.lessons, wanted.lessons ?? []);
      if (wanted.budget) state.budget = { ...state.budget, ...wanted.budget };
      for (const listener of listeners) listener();
    },
    { description: 'From the swarm: pause, steer, added tasks, budget or hand over; carries the whole wanted condition.' },
  );
  const line = openReportLine(reportTo, state.term, () => wf.setCurrentDetails(detailsOf(state, input.model)), source);
  const relay = (draft: EventDraft): void => {
    record(state, draft);
    line.send(draft);
  };
  const emit = (draft: Omit<EventDraft, 'at'>): void => relay({ ...draft, at: Date.now() });
  const pool = openPool(source === undefined ? '' : placeOf(source));
  const { ask } = createAsker({ input, state, emit, isPaused: () => control.paused, ...(calls === undefined ? {} : { queue: calls }) });
  return {
    input,
    state,
    pool,
    ask,
    emit,
    relay,
    onControl: (listener) => void listeners.push(listener),
    askAs: async (role, question) => {
      const agentId = takeAgent(pool, role);
      try {
        return { agentId, answered: await ask({ ...question, role, agentId }) };
      } finally {
        releaseAgent(pool, agentId);
      }
    },
    control: () => control,
    wantsHandOver: () => control.handOver || wf.workflowInfo().continueAsNewSuggested || wf.workflowInfo().historyLength > input.limits.historyEvents,
    contextOf: (steerings) => ({
      objective: state.texts['objective'] ?? { hash: '', bytes: 0 },
      steering: control.steering.slice(0, steerings ?? control.steering.length),
    }),
    close: () => line.close(),
  };
};
