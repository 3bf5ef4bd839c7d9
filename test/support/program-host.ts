import { runProgram } from '@sluice/boot';

await runProgram('program-host', () => import('./run-program-host.ts'));
