import { SwarmError } from '../domain/errors.js';
import { isEnded } from '../domain/swarm-state.js';
import type { Swarms } from '../temporal/port.js';
import type { SwarmView } from '../temporal/views.js';
import type { Context } from './context.js';
import { errorText } from './errors.js';
import { durationText, usageOf } from './live-tree.js';
import { safeLine, safeText } from './safe-text.js';

/** The label that every output of a simulated model carries. */
export const simulatedLabel = (model: string): string => `[simulated by ${safeLine(model)}: no model answered]`;

/** The view with its whole result text, as `--json` prints it. */
export const wholeView = async (swarms: Swarms, view: SwarmView): Promise<SwarmView> =>
  view.result === null || !isEnded(view.status) ? view : { ...view, result: await resultOf(swarms, view) };

const resultOf = async (swarms: Swarms, { swarmId, result }: SwarmView): Promise<string | null> => {
  try {
    return await swarms.result(swarmId);
  } catch (error) {
    if (error instanceof SwarmError && error.code === 'not_found') return result;
    throw error;
  }
};

/** Text of a model on standard output, under its label where it is simulated. */
export const printResult = ({ print }: Context, text: string, { simulated, model }: Pick<SwarmView, 'simulated' | 'model'>): void => {
  if (simulated) print(simulatedLabel(model));
  print(safeText(text));
};

/** The end of a swarm for people: a summary and what went wrong on standard error, the result on standard output. */
export const printEnd = (context: Context, view: SwarmView): void => {
  const { io, flags, sayPainted, paintErr } = context;
  const ok = view.status === 'completed';
  sayPainted(`${paintErr(ok ? 'green' : 'red', ok ? '✔' : '✖')} ${view.swarmId} ${view.status} after ${durationText(view.durationMs)} · ${usageOf(view)}`);
  for (const task of view.tasks.filter(({ disputed }) => disputed)) sayPainted(`▲ ${safeLine(task.id)} is disputed: its reviewer did not accept it`);
  if (view.disputed) sayPainted('▲ the result is disputed: its voters rejected it twice');
  for (const vote of view.votes.filter(({ recount }) => !recount.agrees)) sayPainted(`▲ the vote ${safeLine(vote.id)} does not agree with its recount: please report this`);
  const written = new Set(view.effects.flatMap(({ status, files }) => (status === 'done' ? files : [])));
  const undone = view.effects.filter(({ status }) => status === 'undone').length;
  if (undone > 0) sayPainted(`${undone} ${undone === 1 ? 'change was' : 'changes were'} undone on ${safeLine(view.workspace?.branch ?? '')}`);
  if (written.size > 0)
    sayPainted(`${written.size} ${written.size === 1 ? 'file' : 'files'} on ${safeLine(view.workspace?.branch ?? '')}: cf diff ${view.swarmId}, cf apply ${view.swarmId}`);
  if (view.failure) io.err.write(`${errorText(view.failure, paintErr)}\n`);
  if (view.result === null) return;
  if (!flags.quiet) io.err.write('\n');
  printResult(context, view.result, view);
};
