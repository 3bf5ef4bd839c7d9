import { runProgram } from '@sluice/boot';

await runProgram('api', () => import('./run-api.ts'));
