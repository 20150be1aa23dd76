import { Command } from 'commander';
import { addAgents } from './commands/agents.js';
import { addApply, addDiff } from './commands/changes.js';
import { addCompletion } from './commands/completion.js';
import { addConfig } from './commands/config.js';
import { addAdd, addAnswer, addBudget, addCancel, addPause, addResume, addSteer, addSwitch } from './commands/control.js';
import { addDoctor } from './commands/doctor.js';
import { addLogs } from './commands/logs.js';
import { addApi, addDev, addMcp, addWorker } from './commands/processes.js';
import { addPs } from './commands/ps.js';
import { addResult } from './commands/result.js';
import { addRun } from './commands/run.js';
import { addShow } from './commands/show.js';
import { addWatch } from './commands/watch.js';
import type { ExitBox } from './context.js';
import type { CliDeps } from './deps.js';

const COMMANDS = [
  addRun,
  addWatch,
  addPs,
  addShow,
  addResult,
  addDiff,
  addApply,
  addLogs,
  addCancel,
  addPause,
  addResume,
  addSteer,
  addSwitch,
  addAnswer,
  addAdd,
  addBudget,
  addAgents,
  addDoctor,
  addDev,
  addWorker,
  addApi,
  addMcp,
  addConfig,
  addCompletion,
];

/** Every command with its flags; what a command does is loaded when it runs. Throws instead of exiting; `exit` gets the exit code of the action. */
export const createProgram = (deps: CliDeps, exit: ExitBox = { code: 0 }): Command => {
  const program = new Command('cf')
    .description('Durable swarms of AI agents on Temporal: every run survives kill -9, every status comes from history.')
    .version(deps.version)
    .option('--quiet', 'no notes on standard error, only errors')
    .option('--no-color', 'no colours')
    .option('--no-input', 'never ask; exit 3 where input would be needed')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent')
    .option('-C, --directory <dir>', 'run as if started in this directory')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => deps.io.out.write(text), writeErr: () => {}, getOutHelpWidth: () => deps.io.out.columns, getErrHelpWidth: () => deps.io.err.columns })
    .exitOverride()
    .showSuggestionAfterError();
  for (const add of COMMANDS) add(program, { deps, exit });
  return program;
};
