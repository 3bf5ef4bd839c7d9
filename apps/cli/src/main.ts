import { loadProgram } from '@sluice/boot';

await loadProgram('cli', () => import('./run-command.ts'));
