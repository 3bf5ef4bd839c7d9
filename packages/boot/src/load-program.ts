import { enableCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';

import { findBundle } from './find-bundle.mjs';
import { mapTraces } from './map-traces.ts';

/** The programs that `scripts/bundle.ts` bundles, each a process of its own. */
type Program = 'api' | 'worker' | 'cli' | 'simulator';

/**
 * Loads a program, which runs as it loads: from the bundle that set-up keeps, where that was made of the files as they are now,
 * else from its sources. Opening and linking a thousand modules takes a process longer than all that they do. Either way
 * Node.js keeps what it compiles, and traces of errors name the sources.
 */
export async function loadProgram(
  name: Program,
  fromSources: () => Promise<unknown>,
): Promise<void> {
  enableCompileCache();
  const bundle = findBundle();
  if (bundle === undefined) {
    await fromSources();
    return;
  }
  mapTraces(bundle);
  await import(pathToFileURL(`${bundle}/${name}.js`).href);
}
