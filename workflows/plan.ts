import type { Plan } from '../domain/contracts.js';
import type { ErrorReport } from '../domain/errors.js';
import type { EventDraft } from '../domain/events.js';
import { planPrompt, replanPrompt } from '../domain/prompts.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { SwarmState } from '../domain/swarm-state.js';
import { openTask } from '../domain/task-state.js';
import { validateGraph, type TaskSpec } from '../domain/task-graph.js';
import { createAsker, type Asker } from './ask-model.js';

/** Fills `state.tasks`: those given by hand, else the planner's, repaired once; returns why it can't be. */
export const plan = async (input: SwarmInput, state: SwarmState, emit: (draft: Omit<EventDraft, 'at'>) => void): Promise<ErrorReport | null> => {
  if (input.tasks !== null) {
    emit({ type: 'plan.accepted', data: { tasks: input.tasks.length, by: 'hand' } });
    return null;
  }
  const { ask } = createAsker({ input, state, emit, isPaused: () => state.status === 'paused' });
  const roles = plannableRoles(input);
  const prompt = planPrompt({ objective: state.texts['objective'] ?? { hash: '', bytes: 0 }, steering: [] }, roles, input.limits.planTasks);
  let findings: readonly string[] = [];
  let asked = prompt;
  for (let nth = 1; nth <= 2; nth += 1) {
    const answered = await askPlanner(ask, input, asked, nth, roles);
    if (!answered.ok) return answered.failure;
    const { answer, usage } = answered;
    const tasks = (answer.decision as Plan).tasks as readonly TaskSpec[];
    findings = validateGraph(tasks, { maxTasks: input.limits.planTasks, roles: new Set(input.roster.map(({ name }) => name)) }).map(({ message }) => message);
    if (findings.length === 0) {
      state.tasks = tasks.map((spec) => openTask(spec));
      emit({ type: 'plan.accepted', agentId: 'planner-1', data: { tasks: tasks.length, by: 'planner', plan: answer.text, usage } });
      return null;
    }
    emit({ type: 'plan.repaired', agentId: 'planner-1', data: { nth, findings: findings.slice(0, 10), plan: answer.text, usage } });
    asked = replanPrompt(prompt, answer.text, findings);
  }
  return {
    code: 'provider_rejected',
    message: 'The planner gave no plan that can be run, also after one repair.',
    why: findings.join(' '),
    fix: 'Give the tasks by hand with -f spec.yaml, or use a stronger model with --model.',
  };
};

const plannableRoles = ({ roster }: SwarmInput): SwarmInput['roster'] => {
  const workers = roster.filter(({ craft }) => craft !== 'coordination');
  return workers.length > 0 ? workers : roster;
};

const askPlanner = (ask: Asker['ask'], input: SwarmInput, prompt: Parameters<Asker['ask']>[0]['prompt'], nth: number, roles: SwarmInput['roster']) => {
  const role = input.roster.some(({ name }) => name === 'planner') ? 'planner' : (input.roster[0]?.name ?? '');
  return ask({ scope: 'swarm', purpose: 'plan', nth, role, agentId: 'planner-1', contract: 'plan', prompt, priority: 1, choices: roles.map(({ name }) => name) });
};
