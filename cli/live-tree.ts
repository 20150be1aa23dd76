import { isEnded } from '../domain/swarm-state.js';
import type { SwarmView, TaskView } from '../temporal/views.js';
import { type Paint, plain } from './paint.js';
import { fit, safeLine, widthOf } from './safe-text.js';

export interface TreeOptions {
  readonly columns: number;
  /** Lines there is room for; the tasks that matter least are left out first. */
  readonly rows?: number;
  readonly paint?: Paint;
  /** Milliseconds since the view was read, for a clock that runs on between reads. */
  readonly since?: number;
}

const SIGN = { pending: '·', ready: '○', running: '▶', succeeded: '✔', failed: '✖', cancelled: '⊘', skipped: '↷' } as const satisfies Record<TaskView['status'], string>;
const STYLE = { pending: 'dim', ready: 'dim', running: 'cyan', succeeded: 'green', failed: 'red', cancelled: 'yellow', skipped: 'dim' } as const satisfies Record<
  TaskView['status'],
  string
>;
/** Where there is no room for all tasks, those on the left stay. */
const INTEREST = ['running', 'failed', 'ready', 'pending', 'cancelled', 'skipped', 'succeeded'] as const satisfies readonly TaskView['status'][];

/** A swarm as lines of at most `columns`; pure, and safe to print whatever the view's texts hold. */
export const liveTree = (view: SwarmView, { columns, rows = Number.POSITIVE_INFINITY, paint = plain, since = 0 }: TreeOptions): readonly string[] => {
  const question =
    !isEnded(view.status) && view.votes.some(({ asks }) => asks)
      ? [paint('yellow', fit(`  ? the outcome found no quorum: cf answer ${safeLine(view.swarmId)} outcome approve|reject`, columns))]
      : [];
  const room = Math.max(1, rows - 3 - question.length);
  const shown = pick(view.tasks, room);
  const hidden = view.tasks.length - shown.length;
  const idWidth = Math.min(20, Math.max(0, ...shown.map(({ id }) => widthOf(safeLine(id)))));
  return [
    head(view, columns, paint),
    fit(`  ${durationText(view.durationMs + (isEnded(view.status) ? 0 : since))} · ${usageOf(view)}`, columns),
    ...shown.map((task) => taskLine(task, { columns, idWidth, paint })),
    ...question,
    ...(hidden > 0 ? [paint('dim', fit(`  … and ${hidden} more: ${countsOf(view.tasks.filter((task) => !shown.includes(task)))}`, columns))] : []),
  ];
};

const head = (view: SwarmView, columns: number, paint: Paint): string => {
  const done = view.tasks.filter(({ status }) => status === 'succeeded').length;
  const label = view.simulated ? 'SIMULATED  ' : '';
  const rest = `${view.swarmId}  ${view.status}${isEnded(view.status) ? '' : ` · ${view.phase}`} · ${done} of ${view.tasks.length} tasks`;
  const shownLabel = fit(label, columns);
  return `${shownLabel === '' ? '' : paint('yellow', shownLabel)}${paint('bold', fit(safeLine(rest), Math.max(0, columns - widthOf(shownLabel))))}`;
};

/** Calls, tokens and money so far; an unknown price is said to be unknown. */
export const usageOf = ({ usage, budget, model }: SwarmView): string => {
  const cost = usage.costUsd === null ? 'cost unknown' : usage.costUsd === 0 ? '$0' : `$${usage.costUsd.toFixed(4)}`;
  const limits = [
    budget.tokens === null ? '' : `${budget.tokens} tokens`,
    budget.usd === null ? '' : `$${budget.usd}`,
    budget.calls === null ? '' : `${budget.calls} calls`,
  ].filter((part) => part !== '');
  return `${safeLine(model)} · ${usage.modelCalls} calls · ${usage.inputTokens} + ${usage.outputTokens} tokens · ${cost}${limits.length > 0 ? ` · budget ${limits.join(', ')}` : ''}`;
};

const taskLine = (task: TaskView, { columns, idWidth, paint }: { columns: number; idWidth: number; paint: Paint }): string => {
  const id = fit(safeLine(task.id), idWidth);
  const start = fit(`  ${SIGN[task.status]} ${id}${' '.repeat(Math.max(0, idWidth - widthOf(id)))}  `, columns);
  const end = noteOf(task);
  const left = columns - widthOf(start) - (end === '' ? 0 : widthOf(end) + 2);
  const note = left >= 12 ? end : '';
  const title = fit(safeLine(task.title), left >= 12 ? left : Math.max(0, columns - widthOf(start)));
  return `${paint(STYLE[task.status], start)}${title}${note === '' ? '' : `  ${paint('dim', note)}`}`;
};

const noteOf = (task: TaskView): string => {
  const notes = [
    safeLine(task.agentId ?? ''),
    task.attempts > 1 ? `attempt ${task.attempts}` : '',
    task.disputed ? 'disputed' : '',
    task.status === 'pending' && task.dependsOn.length > 0 ? `after ${task.dependsOn.map(safeLine).join(', ')}` : '',
    task.failure === null ? '' : safeLine(task.failure),
  ];
  return fit(notes.filter((note) => note !== '').join(' · '), 40);
};

const pick = (tasks: readonly TaskView[], room: number): readonly TaskView[] => {
  if (tasks.length <= room) return tasks;
  const chosen = new Set([...tasks].sort((a, b) => INTEREST.indexOf(a.status) - INTEREST.indexOf(b.status)).slice(0, room));
  return tasks.filter((task) => chosen.has(task));
};

const countsOf = (tasks: readonly TaskView[]): string =>
  INTEREST.map((status) => ({ status, count: tasks.filter((task) => task.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ');

/** Milliseconds as people read them: `0.8 s`, `42 s`, `3 min 05 s`, `2 h 10 min`. */
export const durationText = (ms: number): string => {
  if (ms < 10_000) return `${(Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
};
