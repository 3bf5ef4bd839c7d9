import type { RequestHandler } from 'express';

import type { ApiDeps } from './deps.ts';
import { cancelJobRoute } from './routes/cancel-job.ts';
import { deleteJobRoute } from './routes/delete-job.ts';
import { getJobRoute } from './routes/get-job.ts';
import { healthzRoute } from './routes/healthz.ts';
import { listJobsRoute } from './routes/list-jobs.ts';
import { listModelsRoute } from './routes/list-models.ts';
import { listProvidersRoute } from './routes/list-providers.ts';
import { metricsRoute } from './routes/metrics.ts';
import { readyzRoute } from './routes/readyz.ts';
import { submitJobRoute } from './routes/submit-job.ts';

export interface ApiRoute {
  method: 'get' | 'post' | 'delete';
  path: string;
  /** Needs no API key. Every route is closed that does not say so. */
  open?: true;
  handler(deps: ApiDeps): RequestHandler;
}

/** Every route of the API, the hottest first. Beside them there is only the queue board. */
export const apiRoutes: readonly ApiRoute[] = [
  { method: 'post', path: '/v1/jobs', handler: submitJobRoute },
  { method: 'get', path: '/v1/jobs/:id', handler: getJobRoute },
  { method: 'get', path: '/v1/jobs', handler: listJobsRoute },
  { method: 'post', path: '/v1/jobs/:id/cancel', handler: cancelJobRoute },
  { method: 'delete', path: '/v1/jobs/:id', handler: deleteJobRoute },
  { method: 'get', path: '/v1/models', handler: listModelsRoute },
  { method: 'get', path: '/v1/providers', handler: listProvidersRoute },
  { method: 'get', path: '/healthz', open: true, handler: healthzRoute },
  { method: 'get', path: '/readyz', open: true, handler: readyzRoute },
  { method: 'get', path: '/metrics', handler: metricsRoute },
];
