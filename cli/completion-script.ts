import type { Command } from 'commander';
import { usageError } from './errors.js';

interface Entry {
  /** Command words before the cursor: `''`, `run`, `dev stop`. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

const visit = (command: Command, path: string, inherited: readonly string[]): readonly Entry[] => [
  {
    path,
    commands: command.commands.map((sub) => sub.name()),
    options: [
      ...new Set([...command.options.flatMap(({ short, long }) => [long, short].filter((flag): flag is string => flag !== undefined && flag !== null)), ...inherited, '--help']),
    ],
  },
  ...command.commands.flatMap((sub) => visit(sub, `${path} ${sub.name()}`.trim(), inherited)),
];

const entriesOf = (program: Command): readonly Entry[] =>
  visit(
    program,
    '',
    program.options.flatMap(({ long }) => (long && long !== '--version' ? [long] : [])),
  );

const bash = (entries: readonly Entry[]): string => `_cf() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${entries
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      "${path.includes(' ') ? path : ` ${path}`}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${entries.map(({ path, commands, options }) => `    "${path}") COMPREPLY=($(compgen -W "${[...commands, ...options].join(' ')}" -- "$cur")) ;;`).join('\n')}
  esac
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _cf cf durable-swarm`;

const zsh = (entries: readonly Entry[]): string => `#compdef cf durable-swarm
autoload -U +X bashcompinit && bashcompinit
${bash(entries)}`;

const fish = (entries: readonly Entry[]): string =>
  entries
    .flatMap(({ path, commands, options }) => {
      const when =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((word) => `__fish_seen_subcommand_from ${word}`)
              .join('; and ');
      return ['cf', 'durable-swarm'].flatMap((name) => [
        ...commands.map((command) => `complete -c ${name} -n '${when}' -f -a ${command}`),
        ...options.map((option) => `complete -c ${name} -n '${when}' ${option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`}`),
      ]);
    })
    .join('\n');

const SHELLS = { bash, zsh, fish } as const;

/** The completion script of a shell; `invalid_input` for one that is not known. */
export const completionScript = (shell: string, program: Command): string => {
  if (!Object.hasOwn(SHELLS, shell))
    throw usageError(`There is no completion for "${shell}".`, 'Known are bash, zsh and fish.', 'Run `cf completion bash`, `cf completion zsh` or `cf completion fish`.');
  return SHELLS[shell as keyof typeof SHELLS](entriesOf(program));
};
