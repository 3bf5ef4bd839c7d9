import { loadProgram } from '@sluice/boot';

await loadProgram('simulator', () => import('./run-simulator.ts'));
