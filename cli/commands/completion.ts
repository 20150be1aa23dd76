import type { Command } from 'commander';
import { act, type Context, type Registry } from '../context.js';

/** `cf completion`: a script for the shell, made from the commands as they are. */
export const addCompletion = (program: Command, registry: Registry): void => {
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\n  bash: source <(cf completion bash)\n  zsh:  cf completion zsh > "${fpath[1]}/_cf"\n  fish: cf completion fish > ~/.config/fish/completions/cf.fish')
    .action(
      act(registry, async ({ print }: Context, _options: object, shell: string): Promise<void> => {
        const { completionScript } = await import('../completion-script.js');
        print(completionScript(shell, program));
      }),
    );
};
