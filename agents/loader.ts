import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentDefinition } from '../domain/agent.js';
import { readDefinition } from './definition.js';

export interface Clash {
  readonly name: string;
  /** Path of the file that counts. */
  readonly used: string;
  readonly shadowed: string;
}

export interface Catalogue {
  readonly agents: ReadonlyMap<string, AgentDefinition>;
  readonly clashes: readonly Clash[];
}

export interface CatalogueFolders {
  /** The package's own roles. */
  readonly builtin: string;
  /** A project's folder; its `.cf/agents` goes before its `.claude/agents`. */
  readonly project: string;
  /** The user's own, such as `CF_HOME/agents`. */
  readonly user: string;
}

/** Every role by name; project before user before built-in, and each clash is reported with both paths. Throws `invalid_input` for a file that can't be read. */
export const loadCatalogue = async ({ builtin, project, user }: CatalogueFolders): Promise<Catalogue> => {
  const layers = [
    await readFolder(join(project, '.cf', 'agents'), true),
    await readFolder(join(project, '.claude', 'agents'), false),
    await readFolder(user, true),
    (await readFolder(builtin, true)).map((agent) => ({ ...agent, source: 'builtin' })),
  ];
  const agents = new Map<string, AgentDefinition>();
  const clashes: Clash[] = [];
  for (const agent of layers.flat()) {
    const known = agents.get(agent.name);
    if (known) clashes.push({ name: agent.name, used: known.source, shadowed: agent.source });
    else agents.set(agent.name, agent);
  }
  return { agents: new Map([...agents].sort(([a], [b]) => (a < b ? -1 : 1))), clashes };
};

const readFolder = async (folder: string, strict: boolean): Promise<readonly AgentDefinition[]> => {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  const files = names.filter((name) => name.endsWith('.md')).sort();
  return Promise.all(files.map(async (name) => readDefinition(await readFile(join(folder, name), 'utf8'), join(folder, name), strict)));
};
