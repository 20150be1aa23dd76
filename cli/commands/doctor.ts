import type { Command } from 'commander';
import { act, type Context, type Registry } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** `cf doctor`: is everything there that a swarm needs? */
export const addDoctor = (program: Command, registry: Registry): void => {
  program.command('doctor').summary('check this machine, Temporal, workers and the model').option('--json', 'one JSON document on standard output').action(act(registry, doctor));
};

const SIGN = { ok: '✔', warning: '▲', failed: '✖' } as const;
const STYLE = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

const doctor = async (context: Context, { json }: { readonly json?: boolean }): Promise<ExitCode> => {
  const checks = await context.deps.doctor(context.flags);
  const failed = checks.some(({ state }) => state === 'failed');
  if (json) context.json({ ok: !failed, checks });
  else {
    const { safeLine } = await import('../safe-text.js');
    const width = Math.max(0, ...checks.map(({ name }) => name.length));
    for (const { name, state, found, fix } of checks) {
      context.print(`${context.paintOut(STYLE[state], SIGN[state])} ${name.padEnd(width)}  ${safeLine(found)}`);
      if (fix !== '') context.print(`${' '.repeat(width + 4)}→ ${safeLine(fix)}`);
    }
  }
  return failed ? EXIT.unsuccessful : EXIT.ok;
};
