export { processTicket } from './process-ticket.ts';
export { startWorker, workerRoles } from './start-worker.ts';
export type { RunningWorker, WorkerOptions, WorkerRole } from './start-worker.ts';
export { wireWorker } from './wire-worker.ts';
export type { WorkerParts } from './wire-worker.ts';
