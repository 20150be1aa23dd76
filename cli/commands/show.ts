import type { Command } from 'commander';
import type { SwarmView } from '../../temporal/views.js';
import { act, type Context, type Registry, withSwarms } from '../context.js';

/** `cf show`: everything about one swarm. */
export const addShow = (program: Command, registry: Registry): void => {
  program
    .command('show')
    .summary('show a swarm in detail')
    .argument('<swarm>', 'id of the swarm')
    .option('--sources', 'every figure with the events it comes from, counted again')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, show));
};

interface ShowFlags {
  readonly json?: boolean;
  readonly sources?: boolean;
}

const show = async (context: Context, { json, sources }: ShowFlags, swarmId: string): Promise<void> => {
  if (sources) return showSources(context, json === true, swarmId);
  const { wholeView, printResult } = await import('../outcome.js');
  const { durationText, liveTree } = await import('../live-tree.js');
  const { safeLine, safeText } = await import('../safe-text.js');
  const { errorText } = await import('../errors.js');
  const { voteLines } = await import('../vote-lines.js');
  const view = await withSwarms(context, 'reachable', async (swarms) => wholeView(swarms, await swarms.show(swarmId)));
  if (json) return context.json(view);
  const { io, print, paintOut } = context;
  for (const line of liveTree(view, { columns: io.out.isTTY ? io.out.columns : 200, paint: paintOut })) print(line);
  print('');
  print(`objective  ${safeText(view.objective)}`);
  print(`topology   ${safeLine(view.topology)}`);
  print(`model      ${safeLine(view.model)}${view.simulated ? ' [simulated]' : ''} (${safeLine(view.modelReason)})`);
  print(`started    ${view.startedAt}${view.endedAt === null ? '' : `, ended ${view.endedAt}`}`);
  if (view.criticalPath.tasks.length > 1) print(`critical   ${view.criticalPath.tasks.map(safeLine).join(' → ')}: ${durationText(view.criticalPath.durationMs)}`);
  print(`trace      ${safeLine(view.traceId)}`);
  if (view.temporalUi !== null) print(`web ui     ${safeLine(view.temporalUi)}`);
  if (view.source === 'archive') print('source     read model: the history of this swarm is gone');
  if (view.workspace !== null) print(`branch     ${safeLine(view.workspace.branch)}: ${changesOf(view)}`);
  for (const vote of view.votes) for (const line of voteLines(vote, view.swarmId)) print(line);
  if (view.failure) print(`\n${errorText(view.failure, paintOut)}`);
  if (view.result === null) return;
  print('');
  printResult(context, view.result, view);
};

/** Figures, their events, and a failure where the two don't agree. */
const showSources = async (context: Context, json: boolean, swarmId: string): Promise<void> => {
  const { figureText, seqRanges, unequal } = await import('../figures.js');
  const { table } = await import('../table.js');
  const figures = await withSwarms(context, 'reachable', (swarms) => swarms.figures(swarmId));
  const wrong = figures.filter(({ agrees }) => !agrees);
  if (wrong.length > 0) throw unequal(swarmId, wrong);
  if (json) return context.json({ swarmId, figures });
  const rows = figures.map(({ name, shown, events }) => [name, figureText(name, shown), events.length === 0 ? 'no event' : seqRanges(events)]);
  for (const line of table(['FIGURE', 'VALUE', 'EVENTS'], rows, context.io.out.isTTY ? context.io.out.columns : 1_000)) context.print(line);
};

/** What became of the changes of a swarm's tasks, and how to see them. */
const changesOf = ({ swarmId, effects }: SwarmView): string => {
  const of = (...wanted: readonly string[]): number => effects.filter(({ status }) => wanted.includes(status)).length;
  const parts = [
    `${of('done')} ${of('done') === 1 ? 'change' : 'changes'}`,
    ...(of('undone') > 0 ? [`${of('undone')} undone`] : []),
    ...(of('stuck') > 0 ? [`${of('stuck')} that could not be undone`] : []),
  ];
  return `${parts.join(', ')}${of('done') > 0 ? ` (cf diff ${swarmId})` : ''}`;
};
