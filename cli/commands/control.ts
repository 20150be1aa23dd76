import type { Command } from 'commander';
import type { Swarms } from '../../temporal/port.js';
import { act, type Context, type Registry, withSwarms } from '../context.js';

const VERBS = {
  cancel: { summary: 'end a swarm; what runs is stopped', said: 'is being cancelled' },
  pause: { summary: 'let what runs finish, start nothing new', said: 'is paused' },
  resume: { summary: 'go on after a pause', said: 'goes on' },
} as const;
type Verb = keyof typeof VERBS;

const json = ['--json', 'one JSON document on standard output'] as const;

/** `cf cancel`, `cf pause`, `cf resume`: each is refused with `conflict` when the swarm has ended. */
const addVerb = (program: Command, registry: Registry, verb: Verb): void => {
  program
    .command(verb)
    .summary(VERBS[verb].summary)
    .argument('<swarm>', 'id of the swarm')
    .option(...json)
    .action(
      act(registry, (context, options: { readonly json?: boolean }, swarmId: string) =>
        tell(context, options, { swarmId, action: verb, said: VERBS[verb].said }, (swarms) => swarms[verb](swarmId)),
      ),
    );
};

export const addCancel = (program: Command, registry: Registry): void => addVerb(program, registry, 'cancel');
export const addPause = (program: Command, registry: Registry): void => addVerb(program, registry, 'pause');
export const addResume = (program: Command, registry: Registry): void => addVerb(program, registry, 'resume');

/** `cf steer`: a text that every later prompt of the swarm carries. */
export const addSteer = (program: Command, registry: Registry): void => {
  program
    .command('steer')
    .summary('give a running swarm one more instruction')
    .argument('<swarm>', 'id of the swarm')
    .argument('<text>', 'what its agents shall heed from now on')
    .option(...json)
    .action(act(registry, steer));
};

const steer = async (context: Context, options: { readonly json?: boolean }, swarmId: string, text: string): Promise<void> => {
  const { steerCommand } = await import('../../temporal/commands.js');
  const { usageError } = await import('../errors.js');
  const checked = steerCommand.safeParse({ text });
  if (!checked.success) throw usageError('The text is not usable.', checked.error.issues[0]?.message ?? '', 'Give a short plain text: cf steer SWARM "Prefer standard tools."');
  await tell(context, options, { swarmId, action: 'steer', said: 'took the instruction' }, (swarms) => swarms.steer(swarmId, checked.data.text));
};

/** `cf add`: tasks from a YAML file join the graph of a running swarm. */
export const addAdd = (program: Command, registry: Registry): void => {
  program
    .command('add')
    .summary('give a running swarm more tasks')
    .argument('<swarm>', 'id of the swarm')
    .requiredOption('-f, --file <task.yaml>', 'one task, or a list under tasks; - for standard input')
    .option(...json)
    .action(act(registry, add));
};

const add = async (context: Context, options: { readonly json?: boolean; readonly file: string }, swarmId: string): Promise<void> => {
  const { addCommand } = await import('../../temporal/commands.js');
  const { readSpec } = await import('../spec-file.js');
  const { usageError } = await import('../errors.js');
  const { cwd } = await context.deps.settings(context.flags);
  const spec = await readSpec(options.file, context.io, cwd);
  const checked = addCommand.safeParse(spec.value);
  if (!checked.success) {
    const path = checked.error.issues[0]?.path ?? [];
    throw usageError(`${spec.name}, ${spec.place(path)}: this is no task.`, firstMessage(checked.error), 'Give id and title, as docs/reference/spec.md says.');
  }
  const said = `has ${checked.data.length} more task${checked.data.length === 1 ? '' : 's'}`;
  await tell(context, options, { swarmId, action: 'add', said }, async (swarms) => void (await swarms.addTasks(swarmId, checked.data)));
};

/** The first message of the first branch of a union that says something. */
const firstMessage = ({ issues }: { readonly issues: readonly { readonly message: string; readonly errors?: readonly (readonly { readonly message: string }[])[] }[] }): string =>
  issues[0]?.errors?.flat()[0]?.message ?? issues[0]?.message ?? '';

/** `cf switch`: another topology for a running swarm. */
export const addSwitch = (program: Command, registry: Registry): void => {
  program
    .command('switch')
    .summary('move a running swarm to another topology')
    .argument('<swarm>', 'id of the swarm')
    .argument('<topology>', 'queen, mesh, hierarchical or distributed')
    .option(...json)
    .action(act(registry, switchTo));
};

const switchTo = async (context: Context, options: { readonly json?: boolean }, swarmId: string, topology: string): Promise<void> => {
  const { switchCommand } = await import('../../temporal/commands.js');
  const { usageError } = await import('../errors.js');
  const checked = switchCommand.safeParse({ topology });
  if (!checked.success) throw usageError('The topology is not usable.', checked.error.issues[0]?.message ?? '', 'Give one: cf switch SWARM hierarchical');
  await tell(context, options, { swarmId, action: 'switch', said: `goes on as ${topology} from the next safe point` }, (swarms) =>
    swarms.switchTopology(swarmId, checked.data.topology),
  );
};

/** `cf answer`: what becomes of a task that failed and asks, or of an outcome without a quorum. */
export const addAnswer = (program: Command, registry: Registry): void => {
  program
    .command('answer')
    .summary('decide what becomes of a task that asks, or of an outcome without a quorum')
    .argument('<swarm>', 'id of the swarm')
    .argument('<task>', 'id of the task, or outcome')
    .argument('<decision>', 'retry, skip or fail; of the outcome approve or reject')
    .option(...json)
    .action(act(registry, answer));
};

const answer = async (context: Context, options: { readonly json?: boolean }, swarmId: string, taskId: string, decision: string): Promise<void> => {
  const { answerCommand } = await import('../../temporal/commands.js');
  const { JUDGEMENTS } = await import('../../domain/ballot.js');
  const { usageError } = await import('../errors.js');
  const isJudgement = taskId === 'outcome' && JUDGEMENTS.some((verdict) => verdict === decision);
  const checked = answerCommand.safeParse(isJudgement ? { outcome: decision } : { taskId, decision });
  if (!checked.success)
    throw usageError(
      'The answer is not usable.',
      `A task takes retry, skip or fail, the outcome approve or reject; not "${decision}" for "${taskId}".`,
      'Give one: cf answer SWARM TASK retry',
    );
  await tell(context, options, { swarmId, action: 'answer', said: `was told to ${decision} ${isJudgement ? 'its outcome' : taskId}` }, (swarms) =>
    swarms.answer(swarmId, checked.data),
  );
};

/** `cf budget`: higher limits for a running swarm. */
export const addBudget = (program: Command, registry: Registry): void => {
  program
    .command('budget')
    .summary('raise the budget of a running swarm')
    .argument('<swarm>', 'id of the swarm')
    .option('--tokens <n>', 'most tokens in all')
    .option('--usd <usd>', 'most money in all')
    .option('--calls <n>', 'most model calls in all')
    .option(...json)
    .action(act(registry, budget));
};

interface BudgetFlags {
  readonly json?: boolean;
  readonly tokens?: string;
  readonly usd?: string;
  readonly calls?: string;
}

const budget = async (context: Context, options: BudgetFlags, swarmId: string): Promise<void> => {
  const { budgetCommand } = await import('../../temporal/commands.js');
  const { usageError } = await import('../errors.js');
  const given = (['tokens', 'usd', 'calls'] as const).flatMap((kind) => (options[kind] === undefined ? [] : [[kind, Number(options[kind])] as const]));
  const checked = budgetCommand.safeParse(Object.fromEntries(given));
  if (!checked.success) throw usageError('The budget is not usable.', checked.error.issues[0]?.message ?? '', 'Give one: cf budget SWARM --tokens 200000');
  await tell(context, options, { swarmId, action: 'budget', said: 'has a higher budget' }, (swarms) => swarms.raiseBudget(swarmId, checked.data));
};

const tell = async (
  context: Context,
  options: { readonly json?: boolean },
  { swarmId, action, said }: { readonly swarmId: string; readonly action: string; readonly said: string },
  send: (swarms: Swarms) => Promise<void>,
): Promise<void> => {
  await withSwarms(context, 'reachable', send);
  if (options.json) context.json({ swarmId, action, accepted: true });
  else context.say(`${swarmId} ${said}.`);
};
