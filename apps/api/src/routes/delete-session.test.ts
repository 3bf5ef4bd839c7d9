import { systemClock } from '@sluice/runtime';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { expect, it } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi } from '../testing/start-test-api.ts';

it('DELETE /v1/sessions/:id forgets the session of its tenant, and tells others that there is none', async () => {
  const api = await startTestApi();
  const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
  await createTenants(deps).create({ id: 'acme' });
  const { key } = await createApiKeys(deps).create({ tenant_id: 'acme', scopes: ['cancel'] });
  const session = { tenantId: 'default', model: 'test-chat', sessionId: 'ann/7', user: 'ann' };
  const turn = { jobId: 'job_1', tokens: 1, messages: [{ role: 'user' as const, content: 'Hi' }] };
  const bounds = { maxTokens: 100, ttlMs: 60_000 };
  await api.records.appendTurn(session, { turn, bounds });

  const path = `/v1/sessions/${encodeURIComponent(session.sessionId)}`;
  const remove = (headers = {}) => api.call(path, { method: 'DELETE', headers });
  await expectError(await remove({ authorization: `Bearer ${key}` }), 404, 'not_found');
  expect(await api.records.history(session, 'job_2')).toHaveLength(1);
  const removed = await remove();
  expect(removed.status).toBe(200);
  expect(await removed.json()).toEqual({ id: 'ann/7', object: 'session', deleted: true });
  expect(await api.records.history(session, 'job_2')).toEqual([]);
  await expectError(await remove(), 404, 'not_found');
});
