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
