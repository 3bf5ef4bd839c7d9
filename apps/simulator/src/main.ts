import { runProgram } from '@sluice/boot';

await runProgram('simulator', () => import('./run-simulator.ts'));
