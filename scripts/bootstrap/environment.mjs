import { delimiter, join } from 'node:path';
import { toolsFolder } from './paths.mjs';

/** How to reach the registry the user has configured. */
const networkSettings = [
  'registry',
  'proxy',
  'https_proxy',
  'noproxy',
  'ca',
  'cafile',
  'strict_ssl',
];

/** What a nested npm may keep of the variables that `npm run` sets. */
const keptForNpm = new Set(
  [...networkSettings, 'userconfig', 'cache'].map((setting) => `npm_config_${setting}`),
);

/**
 * The environment without what `npm run` adds to it. Left in place, `npm_config_*` and
 * `npm_lifecycle_*` change what npm, pnpm and their children do.
 */
export function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'init_cwd') return false;
    return !lower.startsWith('npm_') || keptForNpm.has(lower);
  });
  return Object.fromEntries(kept);
}

/**
 * The clean environment with the given folders first on PATH, and a place where Node.js keeps what it has compiled:
 * stripping the types of every file again takes a process twice the time to start.
 */
export function toolEnvironment(folders) {
  const environment = cleanEnvironment();
  environment.NODE_COMPILE_CACHE ??= join(toolsFolder, 'compile-cache');
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  environment[pathName] = [...new Set(folders), environment[pathName] ?? ''].join(delimiter);
  return environment;
}

/** pnpm's own pauses add up to more than a minute before it says that there is no network. */
const quickToGiveUp = {
  pnpm_config_fetch_retry_mintimeout: '1000',
  pnpm_config_fetch_retry_maxtimeout: '5000',
};

/** The same with the network settings under the names that pnpm reads: it ignores npm's. */
export function pnpmEnvironment(environment) {
  const translated = Object.entries(environment).flatMap(([name, value]) => {
    const setting = name.toLowerCase().replace('npm_config_', '');
    return networkSettings.includes(setting) && /^npm_config_/i.test(name)
      ? [[`pnpm_config_${setting}`, value]]
      : [];
  });
  return { ...Object.fromEntries(translated), ...environment, ...quickToGiveUp, CI: '1' };
}
