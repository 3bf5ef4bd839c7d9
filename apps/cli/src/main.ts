import { runProgram } from '@sluice/boot';

await runProgram('cli', () => import('./run-command.ts'));
