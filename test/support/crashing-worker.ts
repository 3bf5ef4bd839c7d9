import { runProgram } from '@sluice/boot';

await runProgram('crashing-worker', () => import('./run-crashing-worker.ts'));
