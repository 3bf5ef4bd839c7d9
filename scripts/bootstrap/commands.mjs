import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from './paths.mjs';

/**
 * What each command runs, in order; every step is one Node.js program with its arguments.
 * `tool` is the command of a development dependency, `script` a file of this repository.
 * `watched` steps get an IPC channel and end when it closes, so that `kill -9` of the bootstrap
 * leaves no orphan behind. A step runs in the root folder, or, with `where: 'caller'`, in that of whoever called, so that
 * the paths which a user gives are the user's.
 */
const lint = [
  { tool: 'oxlint', with: ['--type-aware'] },
  { script: 'scripts/check-layers.ts', with: [] },
];
const formatCheck = [{ tool: 'oxfmt', with: ['--check', '.'] }];
const typecheck = [{ tool: 'typescript', bin: 'tsc', with: ['--project', '.'] }];

const commands = {
  setup: [],
  start: [{ script: 'apps/cli/src/main.ts', with: ['start'], watched: true }],
  sluice: [{ script: 'apps/cli/src/main.ts', with: [], watched: true, where: 'caller' }],
  test: [{ tool: 'vitest', with: ['run'] }],
  check: [...lint, ...formatCheck, ...typecheck],
  typecheck,
  lint,
  format: [{ tool: 'oxfmt', with: ['.'] }],
  'format:check': formatCheck,
  'chaos:ledger': [{ script: 'test/chaos/ledger-invoice-main.ts', with: [], watched: true }],
  chaos: [{ script: 'test/chaos/chaos-main.ts', with: [], watched: true }],
  'chaos:cancel': [{ script: 'test/chaos/cancel-races-main.ts', with: [], watched: true }],
  'chaos:dify': [{ script: 'test/chaos/dify-runs-main.ts', with: [], watched: true }],
  'chaos:webhooks': [{ script: 'test/chaos/webhooks-main.ts', with: [], watched: true }],
  isolation: [{ script: 'test/isolation/isolation-main.ts', with: [], watched: true }],
  fuzz: [{ script: 'test/fuzz/fuzz-main.ts', with: [], watched: true }],
  bench: [{ script: 'test/bench/main.ts', with: [], watched: true }],
};

const onlyRead = new Set(['check', 'typecheck', 'lint', 'format', 'format:check']);

/** Whether a command starts programs of Sluice, or prepares for it. */
export function startsPrograms(name) {
  return !onlyRead.has(name);
}

/** Whether a command starts programs that only tests have: any that is none for users. */
export function startsTestPrograms(name) {
  return startsPrograms(name) && !isProgram(name) && name !== 'setup';
}

/** Whether a command is itself a program of Sluice. */
export function isProgram(name) {
  return name === 'start' || name === 'sluice';
}

/** The names that `npm run` knows. */
export function commandNames() {
  return Object.keys(commands);
}

/**
 * The steps of a command, the user's own arguments added to the last one; undefined for an unknown
 * name. A step's file is looked up when it runs, because the tools may not be installed yet.
 *
 * @param {string} name
 * @param {string[]} userArguments
 * @returns {{ file: () => string, arguments: string[], watched: boolean, cwd: string }[] | undefined}
 */
export function commandSteps(name, userArguments) {
  if (!Object.hasOwn(commands, name)) return undefined;
  const steps = commands[name];
  return steps.map((step, index) => ({
    file: () =>
      step.tool ? toolFile(step.tool, step.bin ?? step.tool) : join(rootFolder, step.script),
    arguments: index === steps.length - 1 ? [...step.with, ...userArguments] : step.with,
    watched: step.watched === true,
    cwd: step.where === 'caller' ? process.cwd() : rootFolder,
  }));
}

function toolFile(packageName, binName) {
  const folder = join(rootFolder, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[binName]);
}
