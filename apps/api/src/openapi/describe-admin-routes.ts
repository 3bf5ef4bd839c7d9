import { changeTenant, createApiKey, createTenant, rotateApiKey } from '@sluice/contracts';

import { answers } from './answer-examples.ts';
import type { RouteDescription } from './route-description.ts';

/** The operator's routes for tenants and keys. */
export const adminRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/admin/tenants': {
    summary: 'A new tenant.',
    status: 201,
    answer: answers.tenant,
    errors: ['already_exists'],
    body: { schema: createTenant, example: { id: 'acme', name: 'Acme' } },
  },
  'get /v1/admin/tenants': { summary: 'All tenants.', status: 200, answer: answers.tenants },
  'get /v1/admin/tenants/:id': { summary: 'One tenant.', status: 200, answer: answers.tenant },
  'patch /v1/admin/tenants/:id': {
    summary: 'Rename, suspend or resume a tenant.',
    status: 200,
    answer: answers.tenant,
    body: { schema: changeTenant, example: { suspended: true } },
  },
  'delete /v1/admin/tenants/:id': {
    summary: 'Shut a tenant’s keys out for ever.',
    status: 200,
    answer: answers.deletedTenant,
  },
  'post /v1/admin/tenants/:id/rotate-data-key': {
    summary: 'Encrypt what is stored from now on with a new key of the tenant.',
    status: 200,
    answer: answers.rotatedDataKey,
    errors: ['invalid_request'],
  },
  'post /v1/admin/keys': {
    summary: 'A new API key, shown this once.',
    status: 201,
    answer: answers.newApiKey,
    errors: ['not_found'],
    body: { schema: createApiKey, example: { tenant_id: 'acme', scopes: ['submit', 'read'] } },
  },
  'get /v1/admin/keys': {
    summary: 'A tenant’s keys.',
    status: 200,
    answer: answers.apiKeys,
    errors: ['not_found'],
    query: { tenant_id: 'whose; `default` without it' },
  },
  'get /v1/admin/keys/:id': { summary: 'One key.', status: 200, answer: answers.apiKey },
  'post /v1/admin/keys/:id/rotate': {
    summary: 'A key in the place of this one.',
    status: 201,
    answer: answers.newApiKey,
    body: { schema: rotateApiKey, example: { overlap_seconds: 3_600 }, optional: true },
  },
  'delete /v1/admin/keys/:id': {
    summary: 'Revoke a key.',
    status: 200,
    answer: answers.deletedApiKey,
  },
};
