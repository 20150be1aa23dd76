import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { SwarmError } from '../../domain/errors.js';
import { RUNTIME_PLATFORMS, RUNTIME_VERSION } from './catalogue.js';
import type { LlamaModule } from './llama-types.js';

const run = promisify(execFile);

/** The runtime of the embedded model, installed by npm into `home` on first use; appears there whole or not at all. */
export const loadRuntime = async (home: string, say: (line: string) => void): Promise<LlamaModule> => {
  const folder = join(home, 'runtime', `node-llama-cpp-${RUNTIME_VERSION}`);
  const entry = join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  if (!existsSync(entry)) await install(folder, say);
  return (await import(pathToFileURL(entry).href)) as LlamaModule;
};

const install = async (folder: string, say: (line: string) => void): Promise<void> => {
  const platform = RUNTIME_PLATFORMS[`${process.platform}-${process.arch}`];
  const refuse = (why: string): SwarmError =>
    new SwarmError({
      code: 'provider_rejected',
      message: 'The runtime of the embedded model could not be installed.',
      why,
      fix: 'Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or run a local model server such as Ollama.',
    });
  if (!platform) throw refuse(`There is no build for ${process.platform}-${process.arch}.`);
  say(`Embedded model: installing node-llama-cpp ${RUNTIME_VERSION} (93 MB)`);
  const aside = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(aside, { recursive: true });
  try {
    await writeFile(join(aside, 'package.json'), '{"private":true,"type":"module"}');
    const args = [
      'install',
      '--omit=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      `node-llama-cpp@${RUNTIME_VERSION}`,
      `${platform}@${RUNTIME_VERSION}`,
    ];
    await run('npm', args, { cwd: aside, timeout: 15 * 60_000, maxBuffer: 16 * 1024 * 1024 }).catch((error: { stderr?: string; message?: string }) => {
      throw refuse(error.stderr?.trim().split('\n').slice(-3).join(' ') || (error.message ?? 'npm failed'));
    });
    await mkdir(dirname(folder), { recursive: true });
    // Another process may have been faster: then its folder stands.
    await rename(aside, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
};
