import type { Command } from 'commander';
import type { CliDeps, CliIo, GlobalFlags, Need, OpenSwarms, Say } from './deps.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Paint, painter } from './paint.js';
import { safeJson, safeLine } from './safe-text.js';

/** What one run of one command works with. */
export interface Context {
  readonly deps: CliDeps;
  readonly io: CliIo;
  readonly flags: GlobalFlags;
  /** Colour for standard error and for standard output. */
  readonly paintErr: Paint;
  readonly paintOut: Paint;
  /** A note for people, on standard error, made safe; silent with `--quiet`. */
  readonly say: Say;
  /** The same for a line that is safe already and may be coloured. */
  readonly sayPainted: Say;
  /** One document on standard output. */
  readonly json: (value: unknown) => void;
  readonly print: (text: string) => void;
}

/** Where the exit code of the action that ran is left. */
export interface ExitBox {
  code: ExitCode;
}

export interface Registry {
  readonly deps: CliDeps;
  readonly exit: ExitBox;
}

const colourful = ({ env }: CliIo, { color }: GlobalFlags, isTTY: boolean): boolean => color !== false && !env['NO_COLOR'] && isTTY && env['TERM'] !== 'dumb';

export const contextOf = (deps: CliDeps, flags: GlobalFlags): Context => {
  const { io } = deps;
  return {
    deps,
    io,
    flags,
    paintErr: painter(colourful(io, flags, io.err.isTTY)),
    paintOut: painter(colourful(io, flags, io.out.isTTY)),
    say: (line) => (flags.quiet ? undefined : io.err.write(`${safeLine(line)}\n`)),
    sayPainted: (line) => (flags.quiet ? undefined : io.err.write(`${line}\n`)),
    json: (value) => io.out.write(`${safeJson(value, io.out.isTTY ? 2 : 0)}\n`),
    print: (text) => io.out.write(`${text}\n`),
  };
};

/** Binds an action to a command: hands it the context, its arguments and its options, and keeps its exit code. */
export const act =
  <Options extends object, Args extends readonly unknown[]>(
    { deps, exit }: Registry,
    action: (context: Context, options: Options, ...args: Args) => Promise<ExitCode | undefined | void>,
  ) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals() as Options & GlobalFlags;
    const code = await action(contextOf(deps, options), options, ...(given.slice(0, -2) as unknown as Args));
    exit.code = code ?? EXIT.ok;
  };

/** Opens the façade for the time of `use` and closes it whatever happens. */
export const withSwarms = async <T>({ deps, flags, say }: Context, need: Need, use: (swarms: OpenSwarms['swarms']) => Promise<T>): Promise<T> => {
  const { swarms, close } = await deps.swarms({ flags, need, say });
  try {
    return await use(swarms);
  } finally {
    await close();
  }
};
