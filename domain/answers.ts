import type { Judgement } from './ballot.js';
import type { SwarmState } from './swarm-state.js';
import type { TaskDecision } from './task-graph.js';
import { findTask } from './task-index.js';
import { boxOf } from './vote-events.js';

/** What people answered so far, as a swarm tells its coordinator: all of it each time, so that hearing it twice does no harm. */
export interface Answers {
  /** Of tasks that asked, by task, in order; absent where there are none. */
  readonly decisions?: Readonly<Record<string, readonly TaskDecision[]>>;
  /** Of votes without a quorum, by vote; absent where there are none. */
  readonly judged?: Readonly<Record<string, Judgement>>;
}

export const answersOf = ({ tasks, votes }: Pick<SwarmState, 'tasks' | 'votes'>): Answers => {
  const decided = tasks.filter(({ decisions }) => decisions.length > 0);
  const judged = votes.flatMap(({ proposal, judged: verdict }) => (verdict === undefined ? [] : [[proposal.id, verdict] as const]));
  return {
    ...(decided.length === 0 ? {} : { decisions: Object.fromEntries(decided.map(({ id, decisions }) => [id, decisions])) }),
    ...(judged.length === 0 ? {} : { judged: Object.fromEntries(judged) }),
  };
};

/** Takes what is new into the copy of whoever is told; what it does not know is somebody else's. */
export const hearAnswers = (state: Pick<SwarmState, 'tasks' | 'votes'>, { decisions = {}, judged = {} }: Answers): void => {
  for (const [id, given] of Object.entries(decisions)) {
    const task = findTask(state.tasks, id);
    if (task && given.length > task.decisions.length) task.decisions = given;
  }
  for (const [id, verdict] of Object.entries(judged)) {
    const box = boxOf(state, id);
    if (box) box.judged = verdict;
  }
};
