import type { Command } from 'commander';
import { act, type Context, type Registry } from '../context.js';

/** `cf agents`: the catalogue of roles. */
export const addAgents = (program: Command, registry: Registry): void => {
  const agents = program.command('agents').summary('list the roles agents can take, or show one');
  agents.command('list', { isDefault: true }).summary('list the roles').option('--json', 'one JSON document on standard output').action(act(registry, list));
  agents
    .command('show')
    .summary('show one role with its instruction')
    .argument('<role>', 'name of the role')
    .option('--json', 'one JSON document on standard output')
    .action(act(registry, show));
};

const list = async (context: Context, { json }: { readonly json?: boolean }): Promise<void> => {
  const roles = await context.deps.catalogue(context.flags);
  if (json) return context.json({ agents: roles.map(({ instruction: _, ...role }) => role) });
  const { table } = await import('../table.js');
  const rows = roles.map(({ name, craft, output, source, description }) => [name, craft, output, source, description]);
  for (const line of table(['ROLE', 'CRAFT', 'OUTPUT', 'SOURCE', 'WHEN'], rows, context.io.out.isTTY ? context.io.out.columns : 1_000)) context.print(line);
};

const show = async (context: Context, { json }: { readonly json?: boolean }, name: string): Promise<void> => {
  const { SwarmError } = await import('../../domain/errors.js');
  const roles = await context.deps.catalogue(context.flags);
  const role = roles.find((candidate) => candidate.name === name);
  if (role === undefined)
    throw new SwarmError({
      code: 'not_found',
      message: `There is no role "${name}".`,
      why: `The catalogue has ${roles.length} roles.`,
      fix: 'Run `cf agents list` for their names.',
    });
  if (json) return context.json(role);
  const { safeLine, safeText } = await import('../safe-text.js');
  const rows = {
    name: role.name,
    craft: role.craft,
    when: role.description,
    capabilities: role.capabilities.join(', '),
    tools: role.tools.join(', ') || 'none',
    model: role.model,
    output: role.output,
    source: role.source,
    sha256: role.sha256,
  };
  for (const [key, value] of Object.entries(rows)) context.print(`${key.padEnd(13)}${safeLine(value)}`);
  context.print(`\n${safeText(role.instruction)}`);
};
