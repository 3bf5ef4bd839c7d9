import { anthropicRoutes } from './anthropic/routes.ts';
import { difyRoutes } from './dify/routes.ts';
import { openaiRoutes } from './openai/routes.ts';
import { operatorRoutes } from './operator-routes.ts';
import { get, patch, post, remove, type ApiRoute } from './route.ts';
import {
  changeTenantRoute,
  createTenantRoute,
  deleteTenantRoute,
  getTenantRoute,
  listTenantsRoute,
  rotateDataKeyRoute,
} from './routes/admin-tenants.ts';
import {
  createKeyRoute,
  getKeyRoute,
  listKeysRoute,
  revokeKeyRoute,
  rotateKeyRoute,
} from './routes/admin-keys.ts';
import {
  cancelBatchRoute,
  createBatchRoute,
  getBatchRoute,
  listBatchesRoute,
} from './routes/batches.ts';
import { deleteBudgetRoute, listBudgetsRoute, setBudgetRoute } from './routes/budgets.ts';
import { cancelJobRoute } from './routes/cancel-job.ts';
import { deleteJobRoute } from './routes/delete-job.ts';
import { deleteSessionRoute } from './routes/delete-session.ts';
import {
  createFileRoute,
  deleteFileRoute,
  fileContentRoute,
  getFileRoute,
  listFilesRoute,
} from './routes/files.ts';
import { invalidateCacheRoute } from './routes/invalidate-cache.ts';
import { getJobRoute } from './routes/get-job.ts';
import { jobEventsRoute } from './routes/job-events.ts';
import { healthzRoute } from './routes/healthz.ts';
import { listJobsRoute } from './routes/list-jobs.ts';
import { listProvidersRoute } from './routes/list-providers.ts';
import { metricsRoute } from './routes/metrics.ts';
import { docsRoute, openApiRoute } from './routes/openapi.ts';
import { readyzRoute } from './routes/readyz.ts';
import { resumeJobRoute } from './routes/resume-job.ts';
import { retryJobRoute } from './routes/retry-job.ts';
import { retryJobsRoute } from './routes/retry-jobs.ts';
import {
  getDeliveryRoute,
  listDeliveriesRoute,
  redeliverRoute,
  redeliverSinceRoute,
  rotateSecretRoute,
  testEndpointRoute,
} from './routes/webhook-deliveries.ts';
import {
  changeEndpointRoute,
  createEndpointRoute,
  deleteEndpointRoute,
  getEndpointRoute,
  listEndpointsRoute,
  registerEndpointRoute,
} from './routes/webhooks.ts';
import { submitJobRoute } from './routes/submit-job.ts';
import { usageLedgerRoute } from './routes/usage-ledger.ts';
import { usageRoute } from './routes/usage.ts';

/** Every route of the API, the hottest first. Beside them there is only the queue board. */
export const apiRoutes: readonly ApiRoute[] = [
  post('/v1/jobs', 'submit', submitJobRoute),
  // Before the job of that id, which takes other methods.
  post('/v1/jobs/retry', 'submit', retryJobsRoute),
  get('/v1/jobs/:id', 'read', getJobRoute),
  get('/v1/jobs', 'read', listJobsRoute),
  get('/v1/jobs/:id/events', 'read', jobEventsRoute),
  post('/v1/jobs/:id/cancel', 'cancel', cancelJobRoute),
  post('/v1/jobs/:id/resume', 'submit', resumeJobRoute),
  post('/v1/jobs/:id/retry', 'submit', retryJobRoute),
  remove('/v1/jobs/:id', 'cancel', deleteJobRoute),
  remove('/v1/sessions/:id', 'cancel', deleteSessionRoute),
  post('/v1/batches', 'submit', createBatchRoute),
  get('/v1/batches', 'read', listBatchesRoute),
  get('/v1/batches/:id', 'read', getBatchRoute),
  post('/v1/batches/:id/cancel', 'cancel', cancelBatchRoute),
  // Before the file of that id: one of Dify's routes has the path of a file named `upload`.
  ...difyRoutes,
  post('/v1/files', 'submit', createFileRoute),
  get('/v1/files', 'read', listFilesRoute),
  get('/v1/files/:id', 'read', getFileRoute),
  get('/v1/files/:id/content', 'read', fileContentRoute),
  remove('/v1/files/:id', 'cancel', deleteFileRoute),
  ...openaiRoutes,
  ...anthropicRoutes,
  post('/v1/webhooks', 'webhooks', createEndpointRoute),
  post('/v1/webhooks/register', 'webhooks', registerEndpointRoute),
  get('/v1/webhooks', 'webhooks', listEndpointsRoute),
  get('/v1/webhooks/:id', 'webhooks', getEndpointRoute),
  patch('/v1/webhooks/:id', 'webhooks', changeEndpointRoute),
  remove('/v1/webhooks/:id', 'webhooks', deleteEndpointRoute),
  post('/v1/webhooks/:id/rotate-secret', 'webhooks', rotateSecretRoute),
  post('/v1/webhooks/:id/test', 'webhooks', testEndpointRoute),
  get('/v1/webhooks/:id/deliveries', 'webhooks', listDeliveriesRoute),
  post('/v1/webhooks/:id/redeliver', 'webhooks', redeliverSinceRoute),
  get('/v1/deliveries/:id', 'webhooks', getDeliveryRoute),
  post('/v1/deliveries/:id/redeliver', 'webhooks', redeliverRoute),
  get('/v1/providers', 'admin', listProvidersRoute),
  get('/v1/budgets', 'usage', listBudgetsRoute),
  post('/v1/budgets', 'admin', setBudgetRoute),
  remove('/v1/budgets/:scope/:id', 'admin', deleteBudgetRoute),
  post('/v1/cache/invalidate', 'submit', invalidateCacheRoute),
  get('/v1/usage', 'usage', usageRoute),
  get('/v1/usage/ledger', 'usage', usageLedgerRoute),
  ...operatorRoutes,
  get('/healthz', 'open', healthzRoute),
  get('/readyz', 'open', readyzRoute),
  get('/openapi.json', 'open', () => openApiRoute(apiRoutes)),
  get('/docs', 'open', () => docsRoute(apiRoutes)),
  get('/metrics', 'admin', metricsRoute),
  post('/v1/admin/tenants', 'admin', createTenantRoute),
  get('/v1/admin/tenants', 'admin', listTenantsRoute),
  get('/v1/admin/tenants/:id', 'admin', getTenantRoute),
  patch('/v1/admin/tenants/:id', 'admin', changeTenantRoute),
  remove('/v1/admin/tenants/:id', 'admin', deleteTenantRoute),
  post('/v1/admin/tenants/:id/rotate-data-key', 'admin', rotateDataKeyRoute),
  post('/v1/admin/keys', 'admin', createKeyRoute),
  get('/v1/admin/keys', 'admin', listKeysRoute),
  get('/v1/admin/keys/:id', 'admin', getKeyRoute),
  post('/v1/admin/keys/:id/rotate', 'admin', rotateKeyRoute),
  remove('/v1/admin/keys/:id', 'admin', revokeKeyRoute),
];
