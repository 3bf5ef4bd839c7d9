import { enableCompileCache } from 'node:module';

import { bundleVariable, findBundle, isBundled } from './find-bundle.mjs';
import { whenReleased } from './held-program.ts';
import { loadBundle } from './load-bundle.ts';
import { mapTraces } from './map-traces.ts';

/**
 * The first module of a program. Loading it does nothing: in a bundle another program may load it for what they share.
 */
interface Program {
  run(): Promise<unknown>;
}

/**
 * Runs a program from the bundle that set-up keeps, where that has it and was made of the files as they are now, else from its
 * sources: `name` is as `scripts/bundle.ts` has it.
 * Opening and linking a thousand modules takes a process longer than all that they do. Either way Node.js keeps what it
 * compiles, and traces of errors name the sources.
 */
export async function runProgram(name: string, fromSources: () => Promise<Program>): Promise<void> {
  enableCompileCache();
  const program = await loadProgram(name, fromSources);
  await whenReleased();
  await program.run();
}

async function loadProgram(name: string, fromSources: () => Promise<Program>): Promise<Program> {
  const bundle = process.env[bundleVariable] ?? findBundle();
  if (bundle === undefined || !isBundled(bundle, name)) return await fromSources();
  mapTraces(bundle);
  // Made of what `fromSources` loads.
  return loadBundle(bundle, name) as Program;
}
