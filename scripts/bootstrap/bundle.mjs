import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findBundle, isBundled } from '../../packages/boot/src/find-bundle.mjs';
import { withLock } from './lock.mjs';
import { rootFolder } from './paths.mjs';
import { say } from './progress.mjs';

/**
 * The folder of the bundle from which programs load in a third of the time. Makes one where there is none of the sources as
 * they are, with the programs that only tests start where it is for them. Programs start from their sources without it, so that
 * nothing depends on it.
 */
export async function keepBundle(node, environment, { isForTests }) {
  const find = () => {
    const folder = findBundle();
    return folder && (!isForTests || isBundled(folder, 'program-host')) ? folder : undefined;
  };
  const found = find();
  if (found) return found;
  await withLock('bundle', async () => {
    if (find()) return;
    const script = join(rootFolder, 'scripts', 'bundle.ts');
    const words = isForTests ? [script, '--with-tests'] : [script];
    const child = spawn(node, words, { cwd: rootFolder, env: environment, stdio: 'ignore' });
    const code = await new Promise((resolve) => {
      child.on('error', () => resolve(1));
      child.on('close', resolve);
    });
    if (code !== 0) say('no bundle could be made; programs start from their sources, more slowly');
  });
  return findBundle();
}
