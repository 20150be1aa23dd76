import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** architecture.md section 1: whose values each folder may import. `bin/` wires everything and is the only folder that nobody imports. */
const ALLOWED: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>> = {
  domain: { folders: [], packages: [] },
  workflows: { folders: ['domain'], packages: ['@temporalio/workflow'] },
  activities: { folders: ['domain'], packages: ['@temporalio/activity'] },
  agents: { folders: ['domain'], packages: ['yaml', 'zod'] },
  providers: { folders: ['domain'], packages: ['ai', '@ai-sdk/anthropic', '@ai-sdk/openai', '@ai-sdk/openai-compatible', 'yaml', 'zod'] },
  storage: { folders: ['domain'], packages: ['drizzle-orm', 'better-sqlite3'] },
  temporal: {
    folders: ['domain', 'agents', 'workflows'],
    packages: ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig', '@temporalio/proto', '@temporalio/testing', 'ulid', 'zod'],
  },
  cli: { folders: ['domain', 'temporal', 'config'], packages: ['commander', 'log-update', 'yaml'] },
  api: { folders: ['domain', 'temporal', 'config'], packages: ['hono', '@hono/node-server', '@hono/zod-openapi', 'zod'] },
  mcp: { folders: ['domain', 'temporal', 'config'], packages: ['@modelcontextprotocol/sdk', 'zod'] },
  workers: {
    folders: ['domain', 'activities', 'agents', 'providers', 'storage', 'temporal', 'config'],
    packages: ['@temporalio/worker', '@temporalio/activity', '@temporalio/common', '@temporalio/client'],
  },
  config: { folders: ['domain'], packages: ['zod', 'c12', 'pino'] },
};
const folders = Object.keys(ALLOWED);
const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
const packages = Object.keys(dependencies);

interface Plant {
  readonly file: string;
  readonly text: string;
}
const nameOf = (specifier: string): string => specifier.replaceAll(/[^a-z]/gi, '_');
const plant = (folder: string, specifier: string, type = false): Plant => ({
  file: `${folder}/${type ? 'type' : 'value'}_${nameOf(specifier)}.ts`,
  text: `import ${type ? 'type ' : ''}{ planted } from '${specifier}';\nexport const used${type ? ': typeof planted | null = null' : ' = planted'};\n`,
});

/** Runs the project's own lint configuration over planted files; the files it names. */
const flagged = (plants: readonly Plant[]): ReadonlySet<string> => {
  const root = tempFolder();
  symlinkSync(join(packageRoot, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, '.oxlintrc.json'), readFileSync(join(packageRoot, '.oxlintrc.json')));
  for (const { file, text } of plants) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const { stdout } = spawnSync(join(packageRoot, 'node_modules', '.bin', 'oxlint'), ['--format', 'json'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
  return new Set(diagnostics.filter(({ code }) => /no-restricted-(imports|globals)|no-restricted-properties/.test(code)).map(({ filename }) => filename));
};

const pairs = folders.flatMap((folder) => [
  ...folders
    .filter((other) => other !== folder)
    .map((other) => [folder, `../${other}/${other === 'workflows' && folder === 'temporal' ? 'messages' : 'x'}.js`, ALLOWED[folder]?.folders.includes(other)] as const),
  ...packages.map((name) => [folder, name, ALLOWED[folder]?.packages.includes(name)] as const),
]);

test('one forbidden import for each pair of folders, and of folder and package, is named; allowed ones are not', () => {
  const named = flagged(pairs.map(([folder, specifier]) => plant(folder, specifier)));
  const wrong = pairs.filter(([folder, specifier, allowed]) => named.has(plant(folder, specifier).file) === allowed);
  expect(wrong).toEqual([]);
  expect(pairs.filter(([, , allowed]) => !allowed).length).toBeGreaterThan(200);
});

test('types may cross where the walls say so: workflows see activities, activities see providers and storage', () => {
  const crossings = [plant('workflows', '../activities/call-model.js', true), plant('activities', '../providers/port.js', true), plant('activities', '../storage/port.js', true)];
  expect([...flagged(crossings)]).toEqual([]);
});

test('nested folders, the composition root, node in the sandbox, and clock or environment in the domain are named', () => {
  const forbidden: readonly Plant[] = [
    plant('temporal/server', '../../activities/x.js'),
    plant('cli/commands', '../../bin/x.js'),
    plant('temporal', '../workflows/swarm.js'),
    plant('workflows', 'node:fs'),
    plant('domain', 'node:crypto'),
    { file: 'domain/env.ts', text: "export const env = process.env['X'];\n" },
    { file: 'domain/timer.ts', text: 'export const timer = setTimeout(() => {}, 1);\n' },
    { file: 'domain/clock.ts', text: 'export const now = Date.now();\n' },
    { file: 'domain/random.ts', text: 'export const random = Math.random();\n' },
    { file: 'workflows/env.ts', text: "export const env = process.env['X'];\n" },
  ];
  expect([...flagged([...forbidden, plant('temporal', '../workflows/messages.js')])].sort()).toEqual(forbidden.map(({ file }) => file).sort());
});
