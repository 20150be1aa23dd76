import { isAskedFor } from './ballot.js';
import { isEnded, type SwarmState } from './swarm-state.js';

const MARK = { pending: '·', ready: '·', running: '▶', succeeded: '✔', failed: '✖', cancelled: '⊘', skipped: '↷' } as const;
const SHOWN_TASKS = 60;

/** Markdown that is safe in a table cell. */
const cell = (text: string): string => text.replace(/[|\r\n`<>]/g, ' ').slice(0, 100);

/** The current details of a swarm as the Web UI shows them: where it is, each task, what it used. */
export const detailsOf = (state: SwarmState, model: { readonly ref: string; readonly simulated: boolean }): string => {
  const done = state.tasks.filter(({ status }) => status === 'succeeded').length;
  const rows = state.tasks
    .slice(0, SHOWN_TASKS)
    .map((task) => `| ${MARK[task.status]} | ${task.id} | ${cell(task.title)} | ${task.agentId ?? ''} | ${task.disputed ? 'disputed' : task.status} |`);
  const { modelCalls, inputTokens, outputTokens } = state.usage;
  return [
    `**${state.status}** · phase ${state.phase} · ${done} of ${state.tasks.length} tasks · ${modelCalls} model calls · ${inputTokens} + ${outputTokens} tokens · ${model.ref}${model.simulated ? ' (simulated)' : ''}`,
    ...(rows.length > 0 ? ['', '| | task | what | agent | status |', '|---|---|---|---|---|', ...rows] : []),
    ...(state.tasks.length > SHOWN_TASKS ? [`… and ${state.tasks.length - SHOWN_TASKS} more`] : []),
    ...(!isEnded(state.status) && state.votes.some(isAskedFor) ? ['', '**The outcome found no quorum**: it waits for `cf answer`, or the update `swarm.judge`.'] : []),
    ...(state.failure ? ['', `**Failure** \`${state.failure.code}\`: ${cell(state.failure.message)}`] : []),
    ...(isEnded(state.status) && state.result ? ['', `**Result**: ${cell(state.result.preview)}`] : []),
  ].join('\n');
};
