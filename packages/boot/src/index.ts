export { bundleVariable } from './find-bundle.mjs';
export { held, release } from './held-program.ts';
export { runProgram } from './run-program.ts';
