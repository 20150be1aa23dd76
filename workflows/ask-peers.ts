import * as wf from '@temporalio/workflow';
import { fnv1a } from '../domain/hash.js';
import type { Coordinator } from './coordinator.js';
import { unlessEnded } from './crew.js';
import type { meshPeer } from './mesh-peer.js';
import { answeredSignal, questionSignal, type PeerAnswer } from './messages.js';

type Handle = wf.ChildWorkflowHandle<typeof meshPeer>;
const callOf = ({ purpose, nth }: { readonly purpose: string; readonly nth: number }): string => `${purpose}/${nth}`;

/** Asks as an agent of one of the peers, drawn by the call itself; of the next one where it dies or can't pay, and at last of the mesh. `living` = peers by name. Registers its handler before anything is awaited. */
export const askPeers = (coordinator: Coordinator, living: () => ReadonlyMap<string, Handle>): Coordinator['askAs'] => {
  const answers = new Map<string, PeerAnswer>();
  wf.setHandler(answeredSignal, (answer) => void answers.set(answer.call, answer), { description: 'From a peer: what it was asked to merge.' });

  return async (role, question) => {
    const call = callOf(question);
    const asked = new Set<string>();
    // Earlier runs merged by themselves.
    while (wf.patched('peers merge')) {
      const able = [...living()].filter(([name]) => !asked.has(name));
      const [name, handle] = able[fnv1a(call) % Math.max(1, able.length)] ?? [];
      if (name === undefined || handle === undefined) break;
      asked.add(name);
      await unlessEnded(handle.signal(questionSignal, { call, role, question }));
      await wf.condition(() => answers.has(call) || living().get(name) !== handle);
      const answer = answers.get(call);
      answers.delete(call);
      if (answer && (answer.answered.ok || answer.answered.failure.code !== 'budget_exhausted')) return answer;
    }
    return coordinator.askAs(role, question);
  };
};

/** The other side: answers what the mesh asks as an agent of this peer. Returns the answers under way. */
export const answerMesh = ({ askAs }: Coordinator, reportTo: string): ReadonlySet<Promise<void>> => {
  const running = new Set<Promise<void>>();
  wf.setHandler(
    questionSignal,
    ({ call, role, question }) => {
      const answering = askAs(role, question)
        .then((answer) => unlessEnded(wf.getExternalWorkflowHandle(reportTo).signal(answeredSignal, { call, ...answer })))
        .catch((error: unknown) => {
          if (!wf.isCancellation(error)) throw error;
        })
        .finally(() => running.delete(answering));
      running.add(answering);
    },
    { description: 'From the mesh: results to merge.' },
  );
  return running;
};
