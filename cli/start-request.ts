import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { duration, type StartCommand, startCommand } from '../temporal/commands.js';
import { usageError } from './errors.js';
import type { Spec } from './spec-file.js';

/** The flags of `cf run` that describe the swarm, as commander leaves them. */
export interface StartFlags {
  readonly topology?: string;
  readonly maxAgents?: string;
  readonly agents?: string;
  readonly model?: string;
  readonly budgetUsd?: string;
  readonly budgetTokens?: string;
  readonly budgetCalls?: string;
  readonly deadline?: string;
  readonly strict?: boolean;
  /** False after `--no-review`; true is commander's default. */
  readonly review?: boolean;
  readonly votes?: string;
  readonly voters?: string;
  readonly voteRound?: string;
  readonly peers?: string;
  readonly undecided?: string;
  readonly allocation?: string;
  readonly elections?: string;
  readonly regions?: string;
  readonly approve?: string;
  readonly workspace?: string;
}

const NUMBER = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const numeric = (text: string | undefined): unknown => (text !== undefined && NUMBER.test(text) ? Number(text) : text);

/** `eu`, or `edge=local/smollm2-135m` for a region with a model of its own. */
const regionOf = (text: string): unknown => {
  const [name = '', ...model] = text.trim().split('=');
  return model.length === 0 ? name : { name, model: model.join('=') };
};

/** Only what was typed, with the names and types of the command schema. */
const givenIn = (objective: string | undefined, flags: StartFlags): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({
      objective,
      topology: flags.topology,
      maxAgents: numeric(flags.maxAgents),
      agents: flags.agents?.split(',').map((name) => name.trim()),
      model: flags.model,
      budgetUsd: numeric(flags.budgetUsd),
      budgetTokens: numeric(flags.budgetTokens),
      budgetCalls: numeric(flags.budgetCalls),
      deadline: flags.deadline,
      strict: flags.strict,
      review: flags.review === false ? false : undefined,
      votes: flags.votes,
      voters: numeric(flags.voters),
      voteRound: flags.voteRound,
      undecided: flags.undecided,
      allocation: flags.allocation,
      elections: flags.elections,
      peers: numeric(flags.peers),
      regions: flags.regions?.split(',').map(regionOf),
      approve: flags.approve,
      workspace: flags.workspace,
    }).filter(([, value]) => value !== undefined),
  );

/** The command a person asked for: flags over spec file, checked by the schema every edge shares; `invalid_input` names the flag, or line and column. */
export const startRequest = async (objective: string | undefined, flags: StartFlags, spec: Spec | null, cwd: string): Promise<StartCommand> => {
  const given = givenIn(objective, flags);
  const stated = spec?.value['objective'];
  if (spec && objective !== undefined && stated !== undefined && stated !== objective)
    throw usageError('The objective is given twice, with two texts.', `Once on the command line and once in ${spec.name}, ${spec.place(['objective'])}.`, 'Remove one of them.');
  const checked = startCommand.safeParse({ ...spec?.value, ...given });
  if (!checked.success) throw refusal(checked.error, given, spec);
  const command = checked.data;
  if (command.approve !== 'never')
    throw usageError(
      `--approve ${command.approve} is not possible yet.`,
      'The agents of this version have no tools, so there is nothing to approve.',
      'Leave the flag out, or say --approve never.',
    );
  return command.workspace === undefined ? command : { ...command, workspace: await readableFolder(command.workspace, cwd) };
};

const refusal = (error: z.ZodError, given: Readonly<Record<string, unknown>>, spec: Spec | null): Error => {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const name = String(path[0] ?? unknown ?? '');
  if (spec && !(name in given) && (name in spec.value || path.length === 0))
    return usageError(
      `${spec.name}, ${spec.place(path, unknown)}: ${unknown === undefined ? `${path.join('.')} is not usable` : `unknown key "${unknown}"`}.`,
      issue?.message ?? '',
      'Mend the file; docs/reference/spec.md lists its keys.',
    );
  if (name === 'objective')
    return usageError(
      given['objective'] === undefined ? 'There is no objective.' : 'The objective is not usable.',
      issue?.message ?? '',
      'Say what the swarm is to do: cf run "Compare three ways to sort a large file".',
    );
  return usageError(`${flagOf(name)} is not usable.`, issue?.message ?? '', 'Run `cf run --help` for what it takes.');
};

/** `maxAgents` as it is typed: `--max-agents`. */
const flagOf = (name: string): string => (name === 'review' ? '--no-review' : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);

const readableFolder = async (path: string, cwd: string): Promise<string> => {
  const folder = resolve(cwd, path);
  const why = await stat(folder).then(
    async (found) =>
      found.isDirectory()
        ? access(folder, constants.R_OK | constants.X_OK).then(
            () => null,
            (error: Error) => error.message,
          )
        : 'It is no directory.',
    (error: Error) => error.message,
  );
  if (why !== null) throw usageError(`The workspace ${folder} is not usable.`, why, 'Give a directory that you may read.');
  return folder;
};

/** Milliseconds of a duration flag such as `90s`. */
export const durationFlag = (flag: string, text: string): number => {
  const checked = duration.safeParse(text);
  if (checked.success) return checked.data;
  throw usageError(`${flag} is not usable.`, checked.error.issues[0]?.message ?? '', 'Give a duration such as 90s, 15m, 2h or 3d.');
};
