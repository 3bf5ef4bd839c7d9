import { delimiter } from 'node:path';

/** What a nested npm or pnpm needs to reach the registry the user has configured. */
const networkSettings = new Set([
  'npm_config_registry',
  'npm_config_proxy',
  'npm_config_https_proxy',
  'npm_config_noproxy',
  'npm_config_ca',
  'npm_config_cafile',
  'npm_config_strict_ssl',
  'npm_config_userconfig',
  'npm_config_cache',
]);

/**
 * The environment without what `npm run` adds to it. Left in place, `npm_config_*` and
 * `npm_lifecycle_*` change what npm, pnpm and their children do.
 */
export function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'init_cwd') return false;
    return !lower.startsWith('npm_') || networkSettings.has(lower);
  });
  return Object.fromEntries(kept);
}

/** The clean environment with the given folders first on PATH. */
export function toolEnvironment(folders) {
  const environment = cleanEnvironment();
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  environment[pathName] = [...new Set(folders), environment[pathName] ?? ''].join(delimiter);
  return environment;
}
