/**
 * Dify's wire format of runs and Sluice's jobs, one as the other: pure functions, no I/O. The routes of the API use these for calls
 * over HTTP, the worker for the lines of batch files.
 *
 * 1. **body**: strict zod schemas of the requests (runs in `run-body.ts`, what is passed through in `manage-body.ts`), and `tidyRunBody`, which takes away what clients send for nothing;
 * 2. **job → reply**: `runReply`, the whole answer of a job that has ended; what it is called by is in `run-ids.ts`;
 * 3. **user**: `userAtDify`, whom Dify takes a tenant's end user for.
 * @see https://docs.dify.ai/api-reference
 */
export { modeOf, runData, runIn, runReply, runStatusOf, secondsOf } from './run-reply.ts';
export { unfinishedAnswer } from './run-reply.ts';
export { endUser, feedbackBody, renameBody, userBody, variableBody } from './manage-body.ts';
export { refuseForeignUser, userAtDify } from './end-user.ts';
export { runIdsOf, runIdsOfJob } from './run-ids.ts';
export type { AskedRun, EndedRun, RunIds } from './run-ids.ts';
export { chatBody, completionBody, tidyRunBody, uploadIdsIn, workflowBody } from './run-body.ts';
export type { RunBody } from './run-body.ts';
