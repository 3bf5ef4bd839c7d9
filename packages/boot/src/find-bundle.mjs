import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the bundle was made of, and where it is. Plain JavaScript for Node.js 18: the bootstrap reads it too.
 *
 * @typedef {object} Manifest
 * @property {string} root Folder of the repository then: paths within the bundle are absolute.
 * @property {string} folder Below that of the manifest.
 * @property {[path: string, state: string][]} inputs Every file that decides what is in it, from the root; see {@link stateOf}.
 */

/** Folder of this repository. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Names the folder of the bundle to a process that is started right after another one has looked for it: to look at a thousand
 * files takes each process 0.03 s.
 */
export const bundleVariable = 'SLUICE_BUNDLE';

/**
 * Where bundles and their manifest are kept; safe to delete at any time nothing runs.
 *
 * @param {string} root
 */
export function bundlesOf(root) {
  const folder = join(root, '.tools', 'bundles');
  return { folder, manifest: join(folder, 'manifest.json') };
}

/**
 * The folder of the bundle, if each file that it was made of is as it was then.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function findBundle(root = repository) {
  const { folder, manifest } = bundlesOf(root);
  const known = readManifest(manifest);
  if (known?.root !== root) return undefined;
  const isFresh = known.inputs.every(([path, state]) => stateOf(join(root, path)) === state);
  return isFresh ? join(folder, known.folder) : undefined;
}

/**
 * Whether the bundle in `folder` has a program.
 *
 * @param {string} folder
 * @param {string} program
 */
export function isBundled(folder, program) {
  return existsSync(join(folder, `${program}.js`));
}

/**
 * Changes with every write of the file.
 *
 * @param {string} file
 */
export function stateOf(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.size} ${stats.mtimeMs}` : '';
}

/**
 * What is known of the bundle, whether it is of the files as they are or not.
 *
 * @param {string} file
 * @returns {Manifest | undefined}
 */
export function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
