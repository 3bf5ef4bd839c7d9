export { createApp } from './create-app.ts';
export type { ApiDeps } from './deps.ts';
export { startApi } from './start-api.ts';
export type { RunningApi } from './start-api.ts';
