import type { RequestHandler } from 'express';

import { anthropicErrors } from './anthropic/errors.ts';
import { countTokensRoute } from './anthropic/count-tokens-route.ts';
import { messagesRoute } from './anthropic/messages-route.ts';
import {
  getMessageModelRoute,
  inEitherFormat,
  listMessageModelsRoute,
} from './anthropic/models-routes.ts';
import type { ApiDeps } from './deps.ts';
import { difyRoutes } from './dify/routes.ts';
import type { Access } from './middleware/authenticate.ts';
import type { ErrorFormat } from './middleware/handle-error.ts';
import { chatCompletionsRoute } from './openai/chat-completions-route.ts';
import { createResponseRoute } from './openai/create-response-route.ts';
import { embeddingsRoute } from './openai/embeddings-route.ts';
import { openaiErrors } from './openai/error-format.ts';
import {
  cancelResponseRoute,
  deleteResponseRoute,
  getResponseRoute,
  responseItemsRoute,
} from './openai/response-routes.ts';
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
import { getModelRoute, listModelsRoute } from './routes/list-models.ts';
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
import { operatorRoutes } from './operator-routes.ts';
import { submitJobRoute } from './routes/submit-job.ts';
import { usageLedgerRoute } from './routes/usage-ledger.ts';
import { usageRoute } from './routes/usage.ts';

export interface ApiRoute {
  method: 'get' | 'post' | 'patch' | 'delete';
  path: string;
  /** The scope that a key needs here; `any` is any key, `open` none at all. */
  access: Access | 'open';
  /** How its errors are written, where that is not Sluice's way. */
  errors?: ErrorFormat;
  handler(deps: ApiDeps): RequestHandler;
}

const responses = '/v1/responses/:id';

/** Routes of OpenAI's API beside chat completions. */
const openaiRoutes: readonly ApiRoute[] = (
  [
    { method: 'post', path: '/v1/embeddings', access: 'submit', handler: embeddingsRoute },
    { method: 'post', path: '/v1/responses', access: 'submit', handler: createResponseRoute },
    { method: 'get', path: responses, access: 'read', handler: getResponseRoute },
    { method: 'post', path: `${responses}/cancel`, access: 'cancel', handler: cancelResponseRoute },
    { method: 'delete', path: responses, access: 'cancel', handler: deleteResponseRoute },
    {
      method: 'get',
      path: `${responses}/input_items`,
      access: 'read',
      handler: responseItemsRoute,
    },
  ] as const
).map((route) => ({ ...route, errors: openaiErrors }));

/** Every route of the API, the hottest first. Beside them there is only the queue board. */
export const apiRoutes: readonly ApiRoute[] = [
  { method: 'post', path: '/v1/jobs', access: 'submit', handler: submitJobRoute },
  // Before the job of that id, which takes other methods.
  { method: 'post', path: '/v1/jobs/retry', access: 'submit', handler: retryJobsRoute },
  { method: 'get', path: '/v1/jobs/:id', access: 'read', handler: getJobRoute },
  { method: 'get', path: '/v1/jobs', access: 'read', handler: listJobsRoute },
  { method: 'get', path: '/v1/jobs/:id/events', access: 'read', handler: jobEventsRoute },
  { method: 'post', path: '/v1/jobs/:id/cancel', access: 'cancel', handler: cancelJobRoute },
  { method: 'post', path: '/v1/jobs/:id/resume', access: 'submit', handler: resumeJobRoute },
  { method: 'post', path: '/v1/jobs/:id/retry', access: 'submit', handler: retryJobRoute },
  { method: 'delete', path: '/v1/jobs/:id', access: 'cancel', handler: deleteJobRoute },
  { method: 'delete', path: '/v1/sessions/:id', access: 'cancel', handler: deleteSessionRoute },
  { method: 'post', path: '/v1/batches', access: 'submit', handler: createBatchRoute },
  { method: 'get', path: '/v1/batches', access: 'read', handler: listBatchesRoute },
  { method: 'get', path: '/v1/batches/:id', access: 'read', handler: getBatchRoute },
  { method: 'post', path: '/v1/batches/:id/cancel', access: 'cancel', handler: cancelBatchRoute },
  // Before the file of that id: one of Dify's routes has the path of a file named `upload`.
  ...difyRoutes,
  { method: 'post', path: '/v1/files', access: 'submit', handler: createFileRoute },
  { method: 'get', path: '/v1/files', access: 'read', handler: listFilesRoute },
  { method: 'get', path: '/v1/files/:id', access: 'read', handler: getFileRoute },
  { method: 'get', path: '/v1/files/:id/content', access: 'read', handler: fileContentRoute },
  { method: 'delete', path: '/v1/files/:id', access: 'cancel', handler: deleteFileRoute },
  {
    method: 'post',
    path: '/v1/chat/completions',
    access: 'submit',
    errors: openaiErrors,
    handler: chatCompletionsRoute,
  },
  ...openaiRoutes,
  {
    method: 'post',
    path: '/v1/messages',
    access: 'submit',
    errors: anthropicErrors,
    handler: messagesRoute,
  },
  {
    method: 'post',
    path: '/v1/messages/count_tokens',
    access: 'submit',
    errors: anthropicErrors,
    handler: countTokensRoute,
  },
  {
    method: 'get',
    path: '/v1/models',
    access: 'any',
    handler: (deps) => inEitherFormat(listMessageModelsRoute(deps), listModelsRoute(deps)),
  },
  {
    method: 'get',
    path: '/v1/models/:id',
    access: 'any',
    errors: openaiErrors,
    handler: (deps) => inEitherFormat(getMessageModelRoute(deps), getModelRoute(deps)),
  },
  { method: 'post', path: '/v1/webhooks', access: 'webhooks', handler: createEndpointRoute },
  {
    method: 'post',
    path: '/v1/webhooks/register',
    access: 'webhooks',
    handler: registerEndpointRoute,
  },
  { method: 'get', path: '/v1/webhooks', access: 'webhooks', handler: listEndpointsRoute },
  { method: 'get', path: '/v1/webhooks/:id', access: 'webhooks', handler: getEndpointRoute },
  { method: 'patch', path: '/v1/webhooks/:id', access: 'webhooks', handler: changeEndpointRoute },
  { method: 'delete', path: '/v1/webhooks/:id', access: 'webhooks', handler: deleteEndpointRoute },
  {
    method: 'post',
    path: '/v1/webhooks/:id/rotate-secret',
    access: 'webhooks',
    handler: rotateSecretRoute,
  },
  { method: 'post', path: '/v1/webhooks/:id/test', access: 'webhooks', handler: testEndpointRoute },
  {
    method: 'get',
    path: '/v1/webhooks/:id/deliveries',
    access: 'webhooks',
    handler: listDeliveriesRoute,
  },
  {
    method: 'post',
    path: '/v1/webhooks/:id/redeliver',
    access: 'webhooks',
    handler: redeliverSinceRoute,
  },
  { method: 'get', path: '/v1/deliveries/:id', access: 'webhooks', handler: getDeliveryRoute },
  {
    method: 'post',
    path: '/v1/deliveries/:id/redeliver',
    access: 'webhooks',
    handler: redeliverRoute,
  },
  { method: 'get', path: '/v1/providers', access: 'admin', handler: listProvidersRoute },
  { method: 'get', path: '/v1/budgets', access: 'usage', handler: listBudgetsRoute },
  { method: 'post', path: '/v1/budgets', access: 'admin', handler: setBudgetRoute },
  {
    method: 'delete',
    path: '/v1/budgets/:scope/:id',
    access: 'admin',
    handler: deleteBudgetRoute,
  },
  {
    method: 'post',
    path: '/v1/cache/invalidate',
    access: 'submit',
    handler: invalidateCacheRoute,
  },
  { method: 'get', path: '/v1/usage', access: 'usage', handler: usageRoute },
  { method: 'get', path: '/v1/usage/ledger', access: 'usage', handler: usageLedgerRoute },
  ...operatorRoutes,
  { method: 'get', path: '/healthz', access: 'open', handler: healthzRoute },
  { method: 'get', path: '/readyz', access: 'open', handler: readyzRoute },
  { method: 'get', path: '/openapi.json', access: 'open', handler: () => openApiRoute(apiRoutes) },
  { method: 'get', path: '/docs', access: 'open', handler: () => docsRoute(apiRoutes) },
  { method: 'get', path: '/metrics', access: 'admin', handler: metricsRoute },
  { method: 'post', path: '/v1/admin/tenants', access: 'admin', handler: createTenantRoute },
  { method: 'get', path: '/v1/admin/tenants', access: 'admin', handler: listTenantsRoute },
  { method: 'get', path: '/v1/admin/tenants/:id', access: 'admin', handler: getTenantRoute },
  { method: 'patch', path: '/v1/admin/tenants/:id', access: 'admin', handler: changeTenantRoute },
  { method: 'delete', path: '/v1/admin/tenants/:id', access: 'admin', handler: deleteTenantRoute },
  {
    method: 'post',
    path: '/v1/admin/tenants/:id/rotate-data-key',
    access: 'admin',
    handler: rotateDataKeyRoute,
  },
  { method: 'post', path: '/v1/admin/keys', access: 'admin', handler: createKeyRoute },
  { method: 'get', path: '/v1/admin/keys', access: 'admin', handler: listKeysRoute },
  { method: 'get', path: '/v1/admin/keys/:id', access: 'admin', handler: getKeyRoute },
  { method: 'post', path: '/v1/admin/keys/:id/rotate', access: 'admin', handler: rotateKeyRoute },
  { method: 'delete', path: '/v1/admin/keys/:id', access: 'admin', handler: revokeKeyRoute },
];
