import { enableCompileCache } from 'node:module';

// Before anything else loads, so that Node.js keeps all of it compiled: the next start takes half the time.
enableCompileCache();
await import('./run-command.ts');
