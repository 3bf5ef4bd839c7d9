import type { Command } from 'commander';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

type Run = (act: () => Promise<unknown>) => Promise<void>;

/** Adds `sluice completion SHELL`, which prints a script for the shell to read at its start. */
export function addCompletionCommand(program: Command, run: Run): void {
  program
    .command('completion <shell>')
    .description(`a script for ${shells.join(', ')}: eval "$(sluice completion bash)"`)
    .action((shell: string) =>
      run(async () => void process.stdout.write(completionScript(program, shell))),
    );
}

/**
 * Completes commands, their subcommands and options from what `program` has.
 * @throws Error for a shell that is not one of them.
 */
export function completionScript(program: Command, shell: string): string {
  const known = shells.find((each) => each === shell);
  if (!known) throw new Error(`shell: must be one of ${shells.join(', ')}; got ${shell}`);
  const words = wordsOf(program);
  return scripts[known](program.name(), words);
}

/** Of each path of commands, as `jobs list`: what may come next. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string) => {
    const subcommands = command.commands.map((each) => each.name());
    const options = command.options.flatMap(({ long }) => (long ? [long] : []));
    words.set(path, [...subcommands, ...options, '--help']);
    for (const each of command.commands) visit(each, `${path} ${each.name()}`.trim());
  };
  visit(program, '');
  return words;
}

const scripts: Record<Shell, (name: string, words: Words) => string> = {
  bash: (name, words) => `${posix(name, words)}complete -F _${name} ${name}\n`,
  zsh: (name, words) =>
    `autoload -U +X bashcompinit && bashcompinit\n${posix(name, words)}complete -F _${name} ${name}\n`,
  fish: (name, words) =>
    [...words]
      .map(([path, next]) => {
        const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
        const when = path === '' ? '__fish_use_subcommand' : seen.join('; and ');
        return `complete -c ${name} -f -n '${when}' -a '${next.join(' ')}'\n`;
      })
      .join(''),
};

/** The path is what was typed so far without options; an unknown one falls back to the one before. */
function posix(name: string, words: Words): string {
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `_${name}() {
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
`;
}
