import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const rootFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Where the bootstrap puts Node.js, pnpm and Redis; safe to delete at any time nothing runs. */
export const toolsFolder = join(rootFolder, '.tools');

/** Holds the links `node` and `pnpm`: the one folder to put on PATH for work by hand. */
export const linkFolder = join(toolsFolder, 'bin');

/** The manifest of a pinned tool, `tools/<name>/package.json`. */
export function toolManifest(name) {
  return join(rootFolder, 'tools', name, 'package.json');
}
