import type { VotePolicy } from '../domain/swarm-input.js';
import { loadOf, nominate, recordsOf, selectRole } from '../domain/selection.js';
import type { TaskState } from '../domain/task-state.js';
import type { Coordinator } from './coordinator.js';
import { decide } from './hold-vote.js';
import type { Allocation } from './run-graph.js';

/** Who does a task, by a vote: the queen nominates the roles that fit best, the elders choose by quorum. Without one her own choice stands, and the reason says so. */
export const allocateByElders = async (coordinator: Coordinator, policy: VotePolicy, task: TaskState): Promise<Allocation> => {
  const { input, state, pool } = coordinator;
  const records = recordsOf(state.tasks);
  const own = selectRole(task, input.roster, loadOf(pool), () => records);
  const nominees = nominate(task, input.roster, loadOf(pool), records);
  if (nominees.length < 2) return { ok: true, ...own };
  const decision = await decide(coordinator, policy, {
    scope: task.id,
    question: `Who should do the task "${task.title}"?\n${nominees.map(({ role, description }) => `- ${role}: ${description}`).join('\n')}`,
    subject: 'assign',
    options: nominees.map(({ role }) => role),
    form: input.elections ?? 'choice',
    priority: task.priority,
  });
  if (decision.kind === 'failed') return { ok: false, failure: decision.failure };
  if (decision.kind === 'no_quorum') return { ok: true, role: own.role, reason: `no quorum of the elders (vote ${decision.vote}): ${own.reason}` };
  return { ok: true, role: decision.option, reason: `elected by the elders among ${nominees.map(({ role }) => role).join(', ')} (vote ${decision.vote})` };
};
