import * as wf from '@temporalio/workflow';
import type { VoteKeyActivities } from '../activities/vote-keys.js';
import type { BallotDecision } from '../domain/contracts.js';
import { readyTasks } from '../domain/task-graph.js';
import { ballotPrompt } from '../domain/prompts.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import { answerMesh } from './ask-peers.js';
import { openCoordinator, type Coordinator } from './coordinator.js';
import type { ManagerOutcome } from './manager.js';
import { ballotSignal, motionSignal, type PeerMotion } from './messages.js';
import { VOTE_KEYS } from './options.js';
import { openPeerDesk, type PeerPost } from './peer-desk.js';
import { runGraph } from './run-graph.js';

const { signVote } = wf.proxyActivities<VoteKeyActivities>(VOTE_KEYS);

/** One of equals: owns tasks, trades them with the other peers, and votes in its own name, until the mesh ends. */
export async function meshPeer(input: SwarmInput, post: PeerPost, ...snapshot: unknown[]): Promise<ManagerOutcome> {
  const coordinator = openCoordinator(input, snapshot, { reportTo: post.reportTo, source: wf.workflowInfo().workflowId });
  const { state, wantsHandOver, control } = coordinator;
  const desk = openPeerDesk(coordinator, post);
  const answering = answerMesh(coordinator, post.reportTo);
  let motion: PeerMotion | null = null;
  let isEnding = false;
  wf.setHandler(
    motionSignal,
    (wanted) => {
      motion = wanted;
    },
    { description: 'From the mesh: what is put to the vote now; null when it is over.' },
  );
  const vote = async (): Promise<void> => {
    for (let done = ''; ; ) {
      await wf.condition(() => isEnding || (motion !== null && keyOf(motion) !== done));
      if (isEnding || motion === null) return;
      const now: PeerMotion = motion;
      done = keyOf(now);
      const scope = new wf.CancellationScope({ cancellable: true });
      const casting = scope.run(() => castBallot(coordinator, post, now)).catch(ignoreCancellation);
      await Promise.race([casting, wf.condition(() => isEnding || motion === null || keyOf(motion) !== done)]);
      scope.cancel();
      await casting;
    }
  };
  const voting = vote().catch(ignoreCancellation);
  try {
    for (;;) {
      const failure = await runGraph(coordinator, desk);
      if (failure) return { kind: 'starved', failure };
      if (wantsHandOver()) return { kind: control().handOver ? 'done' : 'handedOver' };
      await wf.condition(() => wantsHandOver() || readyTasks(state.tasks).some((task) => desk.owns(task)));
    }
  } finally {
    isEnding = true;
    await voting;
    if (answering.size > 0) await Promise.all(answering);
    await desk.close();
    await coordinator.close();
  }
}

const keyOf = ({ proposal, round }: PeerMotion): string => `${proposal} ${round}`;

const ignoreCancellation = (error: unknown): void => {
  if (!wf.isCancellation(error)) throw error;
};

/** Judges as this peer and sends its signed ballot to the sequencer; a peer that gets no answer stays silent. */
const castBallot = async (
  { ask, contextOf }: Coordinator,
  { self, reportTo, role }: PeerPost,
  { proposal, round, purpose, question, subject, options, counts }: PeerMotion,
): Promise<void> => {
  const answered = await ask({
    scope: 'swarm',
    purpose: `${purpose}.${self}`,
    nth: 1,
    role,
    agentId: self,
    contract: 'ballot',
    prompt: ballotPrompt(contextOf(0), { question, subject }, options, counts),
    priority: 1,
    choices: options,
  });
  if (!answered.ok) return;
  const { choice, claims } = answered.answer.decision as BallotDecision;
  const vote = { proposal, round, voter: self, value: [choice.trim()], nonce: wf.uuid4() };
  const signature = await signVote({ ...vote, voter: `${reportTo}/${self}` });
  const { hash, bytes } = answered.answer.text;
  await wf.getExternalWorkflowHandle(reportTo).signal(ballotSignal, { vote, signature, claims, text: { hash, bytes }, usage: answered.usage });
};
