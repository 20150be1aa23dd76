#!/usr/bin/env node
import { runCli } from '../cli/main.js';
import { cliReport, errorText } from '../cli/errors.js';
import { plain } from '../cli/paint.js';
import { createDeps } from './deps.js';
import { createTerminal, exitFlushed } from './terminal.js';

const io = createTerminal();

/** Nothing may reach a person as a stack trace, not even what nobody caught. */
const lastResort = (error: unknown): void => {
  io.err.write(`${errorText(cliReport(error), plain)}\n`);
  if (/^(debug|trace)$/.test(process.env['CF_LOG_LEVEL'] ?? '') && error instanceof Error) io.err.write(`${error.stack ?? ''}\n`);
  process.exit(1);
};
process.on('uncaughtException', lastResort);
process.on('unhandledRejection', lastResort);

await exitFlushed(await runCli(process.argv.slice(2), createDeps(io)));
