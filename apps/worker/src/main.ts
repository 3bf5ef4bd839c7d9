import { runProgram } from '@sluice/boot';

await runProgram('worker', () => import('./run-worker.ts'));
