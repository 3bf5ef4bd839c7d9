import { runProgram } from '@sluice/boot';

await runProgram('stuck-worker', () => import('./run-stuck-worker.ts'));
