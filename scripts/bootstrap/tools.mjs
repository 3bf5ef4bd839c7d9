import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cleanEnvironment } from './environment.mjs';
import { withLock } from './lock.mjs';
import { linkFolder, toolManifest, toolsFolder } from './paths.mjs';
import { say } from './progress.mjs';

const windows = process.platform === 'win32';
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/**
 * Node.js that can run Sluice: the running one if it is new enough, else the pinned one from .tools/.
 * Returns `{binary, folder}`, the folder being what goes on PATH.
 */
export async function ensureNode() {
  if (isNodeNewEnough(process.versions.node)) return linked('node', process.execPath);
  const { packageName, version } = nodePackage();
  const folder = join(toolsFolder, `node-${version}`);
  const binary = join(folder, 'bin', windows ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    say(`this is Node.js ${process.versions.node}; Sluice needs 24.11 or newer`);
    const progress = `getting Node.js ${version} from the npm registry (once, about 50 MB) ...`;
    await buildTool({ name: 'node', folder, progress }, (built) => takeNode(built, packageName));
  }
  return linked('node', binary);
}

/** The pinned pnpm from .tools/, as `{binary, folder}`. */
export async function ensurePnpm() {
  const version = readManifest('pnpm').dependencies.pnpm;
  const folder = join(toolsFolder, `pnpm-${version}`);
  const binary = join(folder, 'bin', windows ? 'pnpm.exe' : 'pnpm');
  if (!existsSync(binary)) {
    const progress = `getting pnpm ${version} from the npm registry (once, about 25 MB) ...`;
    await buildTool({ name: 'pnpm', folder, progress }, takePnpm);
  }
  return linked('pnpm', binary);
}

/** Whether Sluice runs on this version of Node.js: `^24.11.0 || >=26.0.0`, as package.json says. */
export function isNodeNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return (major === 24 && minor >= 11) || major >= 26;
}

function nodePackage() {
  const available = readManifest('node').optionalDependencies;
  const packageName = [`node-${platform}`, `node-bin-${platform}`].find((name) => available[name]);
  if (!packageName) {
    throw new Error(
      `no Node.js for ${platform} on npm; install Node.js 24.11 or newer and try again`,
    );
  }
  return { packageName, version: available[packageName] };
}

/**
 * Installs `tools/<name>` into a temporary folder, lets `take` put the binary in its place and
 * renames the result, so that a half-built tool is never seen and a broken one never stays.
 */
async function buildTool({ name, folder, progress }, take) {
  await withLock(name, async () => {
    if (existsSync(folder)) return;
    say(progress);
    removeLeftovers(name);
    const temporary = mkdtempSync(join(toolsFolder, `${name}-new-`));
    try {
      const built = join(temporary, 'built');
      mkdirSync(join(built, 'bin'), { recursive: true });
      await npmInstall(name, temporary);
      take({ modules: join(temporary, 'node_modules'), bin: join(built, 'bin') });
      renameSync(built, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

/** What an earlier build left that was killed; under the lock no other one is at work. */
function removeLeftovers(name) {
  for (const entry of readdirSync(toolsFolder)) {
    if (!entry.startsWith(`${name}-new-`)) continue;
    rmSync(join(toolsFolder, entry), { recursive: true, force: true });
  }
}

function takeNode({ modules, bin }, packageName) {
  const name = windows ? 'node.exe' : 'node';
  const binary = join(modules, packageName, 'bin', name);
  // An optional dependency that cannot be fetched is no error to npm.
  if (!existsSync(binary)) throw new Error(cannotGet('Node.js', `${packageName} did not arrive`));
  if (!runs(binary)) {
    throw new Error(
      'the Node.js of the npm registry does not run on this system (musl, old glibc?); ' +
        'install Node.js 24.11 or newer yourself and try again',
    );
  }
  renameSync(binary, join(bin, name));
}

function takePnpm({ modules, bin }) {
  const name = windows ? 'pnpm.exe' : 'pnpm';
  const scope = join(modules, '@pnpm');
  const binary = (existsSync(scope) ? readdirSync(scope) : [])
    .map((each) => join(scope, each, name))
    .find((file) => existsSync(file) && runs(file));
  if (!binary) throw new Error(cannotGet('pnpm', `no binary for ${platform} arrived`));
  renameSync(binary, join(bin, name));
}

function cannotGet(what, reason) {
  return `npm could not get ${what} (${reason}); check the network or proxy and try again`;
}

function runs(file) {
  try {
    execFileSync(file, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function npmInstall(name, folder) {
  for (const file of ['package.json', 'package-lock.json']) {
    const from = join(dirname(toolManifest(name)), file);
    if (existsSync(from)) copyFileSync(from, join(folder, file));
  }
  // Not "npm ci": the lock file lists only the platforms its registry had, and "npm ci" refuses then.
  const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own pauses add up to more than a minute before it says that there is no network.
  flags.push('--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000');
  const { code, output } = await runNpm(flags, folder);
  if (code !== 0) {
    const reason =
      output
        .trim()
        .split('\n')
        .find((line) => line.includes('error')) ?? 'no reason given';
    throw new Error(cannotGet(name, reason.trim()));
  }
}

function runNpm(flags, cwd) {
  const script = process.env.npm_execpath;
  const [command, first] = script?.endsWith('npm-cli.js')
    ? [process.execPath, [script]]
    : [windows ? 'npm.cmd' : 'npm', []];
  const shell = windows && first.length === 0;
  const child = spawn(command, [...first, ...flags], { cwd, env: cleanEnvironment(), shell });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', () =>
      reject(new Error('npm is not on PATH; install Node.js with npm and try again')),
    );
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Keeps `.tools/bin/<name>` pointing at the binary; only a convenience, so failures do not matter. */
function linked(name, binary) {
  const link = join(linkFolder, windows ? `${name}.exe` : name);
  try {
    if (readLink(link) !== binary) {
      mkdirSync(linkFolder, { recursive: true });
      const temporary = `${link}.${process.pid}`;
      symlinkSync(binary, temporary);
      renameSync(temporary, link);
    }
  } catch {
    // Links need rights on Windows that most users do not have.
  }
  return { binary, folder: dirname(binary) };
}

function readLink(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function readManifest(name) {
  return JSON.parse(readFileSync(toolManifest(name), 'utf8'));
}
