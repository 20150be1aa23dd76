import { CommanderError } from 'commander';
import { type ErrorReport, reportOf, SwarmError } from '../domain/errors.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import type { Paint } from './paint.js';
import { safeText } from './safe-text.js';

/** Commander ends help and version with a throw; those are no errors. */
export const isHelp = (error: unknown): boolean => error instanceof CommanderError && error.exitCode === 0;

/** The four parts of anything thrown by a command; commander's own complaints are usage errors. */
export const cliReport = (error: unknown): ErrorReport => {
  if (!(error instanceof CommanderError)) return reportOf(error);
  if (error.code === 'commander.help')
    return { code: 'invalid_input', message: 'No command was given.', why: 'cf does nothing by itself.', fix: 'Run `cf --help` for the commands.' };
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  return {
    code: 'invalid_input',
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? '' : '.'}`,
    why: rest.join(' ').trim() || 'The command line was not understood.',
    fix: 'Run the command with --help for what it takes.',
  };
};

/** Exit code of a report. */
export const exitOfReport = ({ code }: ErrorReport): ExitCode => EXIT_CODES[code];

/** What people read: what happened, why, how to mend it, and the code. */
export const errorText = ({ code, message, why, fix }: ErrorReport, paint: Paint): string =>
  [`${paint('red', '✖')} ${paint('bold', safeText(message))}`, ...(why ? [`  why:  ${indented(why)}`] : []), ...(fix ? [`  fix:  ${indented(fix)}`] : []), `  code: ${code}`].join(
    '\n',
  );

const indented = (text: string): string =>
  safeText(text.trim())
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n        ');

/** A refusal of what was typed. */
export const usageError = (message: string, why: string, fix: string): SwarmError => new SwarmError({ code: 'invalid_input', message, why, fix });

/** Refuses flags that contradict each other; `given` are names with whether each was given. */
export const refuseTogether = (given: Readonly<Record<string, boolean>>, why: string): void => {
  const names = Object.keys(given).filter((name) => given[name]);
  if (names.length > 1) throw usageError(`${names.join(' and ')} contradict each other.`, why, `Give only one of them.`);
};
