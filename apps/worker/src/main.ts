import { loadProgram } from '@sluice/boot';

await loadProgram('worker', () => import('./run-worker.ts'));
