export { startWorker, workerRoles } from './start-worker.ts';
export type { RunningWorker, WorkerOptions, WorkerRole } from './start-worker.ts';
