import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDefinition } from '../../agents/definition.js';
import { loadCatalogue } from '../../agents/loader.js';
import { packageRoot } from '../../config/package-root.js';
import { tempFolder } from '../helpers/temp-folder.js';

const role = (name: string, more = ''): string => `---\nname: ${name}\ndescription: Does ${name} work.\n${more}---\nYou do ${name} work.\n`;
const write = (file: string, text: string): string => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

describe('a definition', () => {
  test('has defaults, durations in ms, tools as a list or in one line, and a hash of its source', () => {
    const source = role('deep-reader', 'tools: read, search\nlimits: { maxTokens: 900, timeout: 2m }\noutput: research\n');
    expect(readDefinition(source, 'x.md', true)).toMatchObject({
      name: 'deep-reader',
      craft: 'custom',
      capabilities: [],
      tools: ['read', 'search'],
      model: 'inherit',
      limits: { maxTokens: 900, timeoutMs: 120_000 },
      vote: { eligible: true, weight: 1 },
      output: 'research',
      instruction: 'You do deep-reader work.',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(readDefinition(role('a-role'), 'x.md', true).tools).toEqual(['read', 'search', 'list']);
    expect(readDefinition(role('a-role', 'tools: []\n'), 'x.md', true).tools).toEqual([]);
    expect(readDefinition(`${source} `, 'x.md', true).sha256).not.toBe(readDefinition(source, 'x.md', true).sha256);
  });

  test.each([
    ['no front-matter', 'Just text', '1:1', 'front-matter'],
    ['an empty instruction', role('empty-one').replace('You do empty-one work.\n', ''), '1:1', 'instruction'],
    ['broken YAML', '---\nname: ok-name\ndescription: [\n---\nx\n', '3:15', 'must be sufficiently indented and end with a ].'],
    ['a name in capitals', role('Bad Name'), '2:7', 'name'],
    ['an unknown contract', role('a-role', 'output: poem\n'), '4:9', 'output'],
    ['an unknown key', role('a-role', 'colour: red\n'), '4:9', 'colour'],
    ['a limit that is no number', role('a-role', 'limits:\n  maxTokens: many\n'), '5:14', 'maxTokens'],
    ['a duration without a unit', role('a-role', 'limits:\n  timeout: "90"\n'), '5:12', 'duration'],
  ])('with %s is refused with file, line and column', (_, source, where, why) => {
    const refused = (): unknown => readDefinition(source, 'team/x.md', true);
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(`team/x.md:${where}`), why: expect.stringContaining(why) }));
  });

  test("a file of Claude Code's may have keys of its own, ours may not", () => {
    const source = role('helper-one', 'color: purple\n');
    expect(readDefinition(source, 'x.md', false).name).toBe('helper-one');
    expect(() => readDefinition(source, 'x.md', true)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('the catalogue', () => {
  test('project before user before built-in, and each clash names both paths', async () => {
    const [builtin, project, user] = [tempFolder(), tempFolder(), tempFolder()];
    write(join(builtin, 'coding', 'coder.md'), role('coder', 'craft: coding\n'));
    write(join(builtin, 'coding', 'tester.md'), role('tester'));
    const users = write(join(user, 'tester.md'), role('tester', 'craft: mine\n'));
    const claude = write(join(project, '.claude', 'agents', 'tester.md'), role('tester', 'color: red\n'));
    const ours = write(join(project, '.cf', 'agents', 'deep', 'coder.md'), role('coder', 'craft: ours\n'));
    const { agents, clashes } = await loadCatalogue({ builtin, project, user });
    expect([...agents.keys()]).toEqual(['coder', 'tester']);
    expect([agents.get('coder')?.source, agents.get('tester')?.source]).toEqual([ours, claude]);
    expect(clashes).toEqual([
      { name: 'tester', used: claude, shadowed: users },
      { name: 'coder', used: ours, shadowed: 'builtin' },
      { name: 'tester', used: claude, shadowed: 'builtin' },
    ]);
  });

  test('a folder that is missing is empty; a file that can not be read fails the whole, with its path', async () => {
    const project = tempFolder();
    const file = write(join(project, '.cf', 'agents', 'x.md'), 'no front-matter');
    await expect(loadCatalogue({ builtin: '/nonexistent', project, user: '/nonexistent' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(file),
    });
    expect((await loadCatalogue({ builtin: '/nonexistent', project: '/nonexistent', user: '/nonexistent' })).agents.size).toBe(0);
  });

  test('ships ten roles of which no two share instruction, tools and contract', async () => {
    const { agents, clashes } = await loadCatalogue({ builtin: join(packageRoot, 'agents'), project: '/nonexistent', user: '/nonexistent' });
    expect([...agents.keys()]).toEqual(['aggregator', 'analyst', 'architect', 'coder', 'planner', 'queen', 'researcher', 'reviewer', 'tester', 'topology-advisor']);
    expect(clashes).toEqual([]);
    expect(Object.fromEntries([...agents].map(([name, { output }]) => [name, output]))).toEqual({
      aggregator: 'report',
      analyst: 'report',
      architect: 'design',
      coder: 'patch',
      planner: 'plan',
      queen: 'decision',
      researcher: 'research',
      reviewer: 'review',
      tester: 'test-report',
      'topology-advisor': 'decision',
    });
    expect(new Set([...agents.values()].map(({ instruction, tools, output }) => JSON.stringify([instruction, tools, output]))).size).toBe(agents.size);
  });
});
