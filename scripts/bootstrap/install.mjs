import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpmEnvironment } from './environment.mjs';
import { withLock } from './lock.mjs';
import { rootFolder } from './paths.mjs';
import { say } from './progress.mjs';

const stampFile = join(rootFolder, 'node_modules', '.sluice-install');

/** Installs the dependencies as pnpm-lock.yaml says, unless nothing has changed since the last time. */
export async function installDependencies(pnpm, environment) {
  if (isInstalled()) return;
  await withLock('install', async () => {
    if (isInstalled()) return;
    say('installing dependencies ...');
    const stamp = currentStamp();
    const { code, output } = await runPnpm(pnpm, environment);
    if (code !== 0) throw new Error(explain(output));
    writeFileSync(stampFile, stamp);
  });
}

function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === currentStamp();
}

/** A hash of every file that decides what an install does. */
function currentStamp() {
  const hash = createHash('sha256');
  for (const file of inputFiles()) {
    hash.update(`${file}\0`);
    if (existsSync(join(rootFolder, file))) hash.update(readFileSync(join(rootFolder, file)));
  }
  return hash.digest('hex');
}

function inputFiles() {
  const nested = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(rootFolder, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}/package.json`),
  );
  const more = ['test/package.json', 'examples/package.json'];
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...more, ...nested];
}

function runPnpm(pnpm, environment) {
  // Verifying each locked version against the release-age policy took 10 s of a cold install;
  // the lock file was made under that policy, so it is trusted here.
  const flags = ['install', '--frozen-lockfile', '--trust-lockfile', '--reporter=append-only'];
  const child = spawn(pnpm, flags, { cwd: rootFolder, env: pnpmEnvironment(environment) });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new Error(`pnpm did not start (${error.message}); delete .tools`)),
    );
    child.on('close', (code) => resolve({ code, output }));
  });
}

function explain(output) {
  if (output.includes('OUTDATED_LOCKFILE')) {
    return 'a package.json changed without the lock file; run ".tools/bin/pnpm install" and commit pnpm-lock.yaml';
  }
  const reason =
    output.split('\n').find((line) => line.includes('ERR_PNPM')) ??
    output.trim().split('\n').at(-1);
  return `pnpm install failed (${reason?.trim()}); check the network or proxy and try again`;
}
