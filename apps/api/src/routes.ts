import type { RequestHandler } from 'express';

import type { ApiDeps } from './deps.ts';
import { cancelJobRoute } from './routes/cancel-job.ts';
import { deleteJobRoute } from './routes/delete-job.ts';
import { getJobRoute } from './routes/get-job.ts';
import { healthzRoute } from './routes/healthz.ts';
import { listJobsRoute } from './routes/list-jobs.ts';
import { listModelsRoute } from './routes/list-models.ts';
import { readyzRoute } from './routes/readyz.ts';
import { submitJobRoute } from './routes/submit-job.ts';

export interface ApiRoute {
  method: 'get' | 'post' | 'delete';
  path: string;
  /** Needs no API key. Every route is closed that does not say so. */
  open?: true;
  handler: RequestHandler;
}

/** Every route of the API; the first is the hottest. */
export function apiRoutes(deps: ApiDeps): ApiRoute[] {
  return [
    { method: 'post', path: '/v1/jobs', handler: submitJobRoute(deps) },
    { method: 'get', path: '/v1/jobs/:id', handler: getJobRoute(deps) },
    { method: 'get', path: '/v1/jobs', handler: listJobsRoute(deps) },
    { method: 'post', path: '/v1/jobs/:id/cancel', handler: cancelJobRoute(deps) },
    { method: 'delete', path: '/v1/jobs/:id', handler: deleteJobRoute(deps) },
    { method: 'get', path: '/v1/models', handler: listModelsRoute(deps) },
    { method: 'get', path: '/healthz', open: true, handler: healthzRoute() },
    { method: 'get', path: '/readyz', open: true, handler: readyzRoute(deps) },
  ];
}
