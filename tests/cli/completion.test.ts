import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { cli } from '../helpers/cli.js';

const complete = async (...words: string[]): Promise<readonly string[]> => {
  const { out } = await cli(['completion', 'bash']);
  const script = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _cf; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
};

test('bash completes commands, subcommands and flags', async () => {
  expect(await complete('cf', 're')).toEqual(['result', 'resume']);
  expect(await complete('cf', 'dev', 'st')).toEqual(['stop', 'status']);
  expect(await complete('cf', 'run', '--max')).toEqual(['--max-agents']);
  expect(await complete('cf', 'run', 'some text', '--dry')).toEqual(['--dry-run']);
  expect(await complete('cf', '--quiet', 'wat')).toEqual(['watch']);
});

test('zsh and fish get a script, another shell exit 2', async () => {
  expect((await cli(['completion', 'zsh'])).out).toMatch(/^#compdef cf/);
  expect((await cli(['completion', 'fish'])).out).toContain("complete -c cf -n '__fish_use_subcommand' -f -a run");
  expect(await cli(['completion', 'tcsh'])).toMatchObject({ code: 2, err: expect.stringContaining('no completion for "tcsh"') });
});
