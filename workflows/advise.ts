import * as wf from '@temporalio/workflow';
import { shapeOf, topologyByRule, topologyIn } from '../domain/advice.js';
import type { Decision } from '../domain/contracts.js';
import type { EventDraft } from '../domain/events.js';
import { LOCAL_REGION, TOPOLOGIES } from '../domain/names.js';
import { advicePrompt } from '../domain/prompts.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { SwarmState } from '../domain/swarm-state.js';
import { createAsker } from './ask-model.js';

/** Has the topology-advisor choose the topology for the planned graph; a rule chooses where it gives no usable answer. Records the choice and why. */
export const advise = async (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'>) => void): Promise<void> => {
  const shape = shapeOf(state.tasks, input.roster, input.regions?.length ?? [LOCAL_REGION].length);
  const rule = topologyByRule(shape);
  const { ask } = createAsker({ input, state, emit, isPaused: () => state.status === 'paused' });
  const agentId = 'topology-advisor-1';
  const answered = await ask({
    scope: 'swarm',
    purpose: 'topology',
    nth: 1,
    role: 'topology-advisor',
    agentId,
    contract: 'decision',
    prompt: advicePrompt({ objective: state.texts['objective'] ?? { hash: '', bytes: 0 }, steering: [] }, shape),
    priority: 1,
    choices: TOPOLOGIES,
  });
  const decision = answered.ok ? (answered.answer.decision as Decision | null) : null;
  const topology = decision === null ? null : topologyIn(decision.choice);
  const advice = answered.ok ? { advice: answered.answer.text, usage: answered.usage } : { refused: answered.failure.message };
  emit({
    type: 'topology.chosen',
    agentId,
    data:
      topology === null
        ? { topology: rule.topology, by: 'rule', reason: `${rule.why}; the advisor named no topology`, shape, ...advice }
        : { topology, by: 'advisor', reason: decision?.reason ?? '', shape, ...advice },
  });
  wf.upsertSearchAttributes({ CfTopology: [state.topology] });
};
