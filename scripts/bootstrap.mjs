#!/usr/bin/env node
/**
 * Runs every `npm run` command of this repository on a machine that may have nothing but an old
 * Node.js and npm: brings Node 24 and pnpm into .tools/, installs the dependencies when they are
 * out of date, bundles the programs where they have changed, then runs the command with Node 24 first on PATH.
 *
 * Plain JavaScript without dependencies, for Node.js 18 and newer: it runs before anything else is there.
 */
import { bundleVariable } from '../packages/boot/src/find-bundle.mjs';
import { keepBundle } from './bootstrap/bundle.mjs';
import {
  commandNames,
  commandSteps,
  isProgram,
  startsPrograms,
  startsTestPrograms,
} from './bootstrap/commands.mjs';
import { toolEnvironment } from './bootstrap/environment.mjs';
import { installDependencies } from './bootstrap/install.mjs';
import { fail } from './bootstrap/progress.mjs';
import { runSteps } from './bootstrap/run.mjs';
import { ensureNode, ensurePnpm } from './bootstrap/tools.mjs';

async function main() {
  const [name = '', ...commandArguments] = process.argv.slice(2);
  const steps = commandSteps(name, commandArguments);
  if (!steps) {
    throw new Error(`unknown command "${name}"; use one of: ${commandNames().join(', ')}`);
  }
  const node = await ensureNode();
  const pnpm = await ensurePnpm();
  const environment = toolEnvironment([node.folder, pnpm.folder]);
  await installDependencies(pnpm.binary, environment);
  const isForTests = startsTestPrograms(name);
  const bundle = startsPrograms(name)
    ? await keepBundle(node.binary, environment, { isForTests })
    : undefined;
  // Only for what starts right now: other commands run for long, beside sources that change.
  if (bundle && isProgram(name)) environment[bundleVariable] = bundle;
  process.exitCode = await runSteps(steps, node.binary, environment);
}

main().catch(fail);
