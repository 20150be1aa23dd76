import { contextOf, type ExitBox } from './context.js';
import type { CliDeps } from './deps.js';
import { cliReport, errorText, exitOfReport, isHelp } from './errors.js';
import { createProgram } from './program.js';

/** Runs one command line to its end and returns the exit code; every failure is printed, nothing is thrown. */
export const runCli = async (args: readonly string[], deps: CliDeps): Promise<number> => {
  const exit: ExitBox = { code: 0 };
  try {
    await createProgram(deps, exit).parseAsync(args, { from: 'user' });
    return exit.code;
  } catch (error) {
    return isHelp(error) ? 0 : tellError(error, args, deps);
  }
};

/** An error as a document on standard output with `--json`, else in three parts on standard error. */
const tellError = (error: unknown, args: readonly string[], deps: CliDeps): number => {
  const report = cliReport(error);
  const context = contextOf(deps, { color: !args.includes('--no-color') });
  if (wantsJson(args)) context.json({ error: report });
  else deps.io.err.write(`${errorText(report, context.paintErr)}\n`);
  if (isDebug(args, deps) && error instanceof Error) deps.io.err.write(`${error.stack ?? ''}\n`);
  return exitOfReport(report);
};

/** The flag may be what could not be parsed, so the words themselves are looked at. */
const wantsJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--json' || arg === '--jsonl');
};

const isDebug = (args: readonly string[], { io }: CliDeps): boolean =>
  /--log-level[= ](debug|trace)(\s|$)/.test(args.join(' ')) || /^(debug|trace)$/.test(io.env['CF_LOG_LEVEL'] ?? '');
