import { loadProgram } from '@sluice/boot';

await loadProgram('api', () => import('./run-api.ts'));
