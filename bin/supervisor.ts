#!/usr/bin/env node
import { runSupervisor } from './run-supervisor.js';
import { readSettings } from './settings.js';

/** The background process of a `CF_HOME`: its log is what `cf run` shows while it starts. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  await runSupervisor(await readSettings({}), { say });
  process.exit(0);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
