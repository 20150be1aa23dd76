import type { Command } from 'commander';
import { SwarmError } from '../../domain/errors.js';
import type { FileChange, Workspace } from '../../domain/effects.js';
import { isEnded } from '../../domain/swarm-state.js';
import type { SwarmView } from '../../temporal/views.js';
import { act, type Context, type Registry, withSwarms } from '../context.js';
import { safeLine, safeText } from '../safe-text.js';

/** `cf diff`: what the agents of a swarm changed, as a patch. */
export const addDiff = (program: Command, registry: Registry): void => {
  program
    .command('diff')
    .summary('show what the agents changed')
    .argument('<swarm>', 'id of the swarm')
    .option('--stat', 'only the files with the lines added and removed')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, diff));
};

/** `cf apply`: writes what the agents changed into the folder the swarm was given; nothing was touched there before. */
export const addApply = (program: Command, registry: Registry): void => {
  program
    .command('apply')
    .summary('write what the agents changed into your folder')
    .argument('<swarm>', 'id of the swarm')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, apply));
};

const diff = async (context: Context, { stat, json }: { readonly stat?: boolean; readonly json?: boolean }, swarmId: string): Promise<void> => {
  const { view, workspace } = await branchOf(context, swarmId);
  const { head, patch, files } = await (await context.deps.branches(context.flags)).diff(workspace);
  if (json) return context.json({ swarmId, status: view.status, branch: workspace.branch, base: workspace.base, head, files });
  if (files.length === 0) return context.say(`Nothing has been changed on ${workspace.branch}.`);
  if (stat) for (const line of statLines(files)) context.print(line);
  else context.io.out.write(context.io.out.isTTY ? safeText(patch) : patch);
};

const apply = async (context: Context, { json }: { readonly json?: boolean }, swarmId: string): Promise<void> => {
  const { view, workspace } = await branchOf(context, swarmId);
  if (!isEnded(view.status))
    throw new SwarmError({
      code: 'conflict',
      message: `${swarmId} is still ${view.status}.`,
      why: 'It may change more files, or undo some.',
      fix: `Wait for its end: cf watch ${swarmId}`,
    });
  const files = await (await context.deps.branches(context.flags)).apply(workspace);
  if (json) return context.json({ swarmId, folder: workspace.folder, files });
  for (const line of statLines(files)) context.print(line);
  context.say(files.length === 0 ? `There is nothing to apply: ${workspace.branch} is as it began.` : `Written into ${workspace.folder}; nothing was committed.`);
};

const branchOf = async (context: Context, swarmId: string): Promise<{ readonly view: SwarmView; readonly workspace: Workspace }> => {
  const view = await withSwarms(context, 'reachable', (swarms) => swarms.show(swarmId));
  if (view.workspace) return { view, workspace: view.workspace };
  throw new SwarmError({
    code: 'not_found',
    message: `${swarmId} has no branch.`,
    why: 'It was started without --workspace, so its agents wrote no files.',
    fix: 'Start one with --workspace DIR; the texts of this one are in `cf result`.',
  });
};

const statLines = (files: readonly FileChange[]): readonly string[] => files.map(({ path, added, removed }) => `${safeLine(path)}  +${added} -${removed}`);
