import { execFileSync } from 'node:child_process';

import { Command } from 'commander';
import { expect, test } from 'vitest';

import { completionScript } from './completion-command.ts';

function program(): Command {
  const sluice = new Command('sluice');
  const jobs = sluice.command('jobs');
  jobs.command('list').option('--state <state>');
  jobs.command('retry');
  sluice.command('watch <id>').option('--json');
  return sluice;
}

/** What bash offers after these words; the last one is being typed. */
function offered(...words: string[]): string[] {
  const typed = ['sluice', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${completionScript(program(), 'bash')}
    COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

test('bash completes commands, subcommands and options', () => {
  expect(offered('')).toEqual(['jobs', 'watch', '--help']);
  expect(offered('jo')).toEqual(['jobs']);
  expect(offered('jobs', '')).toEqual(['list', 'retry', '--help']);
  expect(offered('jobs', 'list', '--s')).toEqual(['--state']);
  expect(offered('jobs', '--json', 're')).toEqual(['retry']);
  expect(offered('nonsense', '')).toEqual([]);
});

test('zsh and fish get scripts of their own, and another shell is refused', () => {
  expect(completionScript(program(), 'zsh')).toContain('bashcompinit');
  expect(completionScript(program(), 'fish')).toContain(
    "-n '__fish_seen_subcommand_from jobs; and __fish_seen_subcommand_from list' -a '--state --help'",
  );
  expect(() => completionScript(program(), 'tcsh')).toThrow('must be one of bash, zsh, fish');
});
