import { describe, expect, it } from 'vitest';

import type { ApiKeyView, JobView } from '@sluice/contracts';

import { expectError } from '../testing/expect-error.ts';
import { chatBody, startTestApi, type TestApi } from '../testing/start-test-api.ts';

async function send(
  api: TestApi,
  method: string,
  path: string,
  ...[body, key]: [body?: unknown, key?: string]
) {
  return api.call(path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function keyOf(api: TestApi, tenantId: string, more: object = {}) {
  await send(api, 'POST', '/v1/admin/tenants', { id: tenantId });
  const scopes = ['submit', 'read', 'cancel'];
  const reply = await send(api, 'POST', '/v1/admin/keys', { tenant_id: tenantId, scopes, ...more });
  expect(reply.status).toBe(201);
  return (await reply.json()) as ApiKeyView & { key: string };
}

describe('tenants and keys over HTTP', () => {
  it('are made, listed, changed and ended; a key is shown once', async () => {
    const api = await startTestApi();
    const made = await keyOf(api, 'acme', { name: 'ci' });
    expect(made).toMatchObject({ tenant_id: 'acme', name: 'ci', state: 'active' });
    const list = await send(api, 'GET', '/v1/admin/keys?tenant_id=acme');
    const text = await list.text();
    expect(text).toContain(made.id);
    expect(text).not.toContain(made.key);
    const rotated = await send(api, 'POST', `/v1/admin/keys/${made.id}/rotate`, {
      overlap_seconds: 60,
    });
    expect(await rotated.json()).toMatchObject({ name: 'ci', state: 'active' });
    expect((await send(api, 'DELETE', `/v1/admin/keys/${made.id}`)).status).toBe(200);
    const ended = await send(api, 'GET', `/v1/admin/keys/${made.id}`);
    expect(await ended.json()).toMatchObject({ state: 'revoked' });
    const suspended = await send(api, 'PATCH', '/v1/admin/tenants/acme', { suspended: true });
    expect(await suspended.json()).toMatchObject({ id: 'acme', state: 'suspended' });
    expect((await send(api, 'DELETE', '/v1/admin/tenants/acme')).status).toBe(200);
    await expectError(await send(api, 'GET', '/v1/admin/tenants/acme'), 404, 'not_found');
    const again = await send(api, 'POST', '/v1/admin/tenants', { id: 'acme' });
    await expectError(again, 409, 'already_exists');
  });

  it('refuse wrong requests with the field', async () => {
    const api = await startTestApi();
    for (const [body, param] of [
      [{ tenant_id: 'A', scopes: ['read'] }, 'tenant_id'],
      [{ tenant_id: 'default', scopes: ['everything'] }, 'scopes[0]'],
      [{ tenant_id: 'default', scopes: [] }, 'scopes'],
      [{ tenant_id: 'default', scopes: ['read'], secret: 'x' }, 'secret'],
    ] as const) {
      const reply = await send(api, 'POST', '/v1/admin/keys', body);
      expect((await expectError(reply, 400, 'invalid_request')).param).toBe(param);
    }
    const nobody = { tenant_id: 'nobody', scopes: ['read'] };
    await expectError(await send(api, 'POST', '/v1/admin/keys', nobody), 404, 'not_found');
  });

  it("give a tenant's jobs its weight", async () => {
    const api = await startTestApi();
    const { key } = await keyOf(api, 'acme');
    const changed = await send(api, 'PATCH', '/v1/admin/tenants/acme', { weight: 2.5 });
    expect(await changed.json()).toMatchObject({ id: 'acme', weight: 2.5 });
    const submitted = await send(api, 'POST', '/v1/jobs', chatBody, key);
    const { id } = (await submitted.json()) as JobView;
    expect(await api.records.read(id)).toMatchObject({ tenantId: 'acme', weight: 2.5 });
    const refused = await send(api, 'PATCH', '/v1/admin/tenants/acme', { weight: 0 });
    expect((await expectError(refused, 400, 'invalid_request')).param).toBe('weight');
  });

  it('cap what a tenant may have waiting, and say which cap it was', async () => {
    const api = await startTestApi();
    const { key } = await keyOf(api, 'acme');
    const path = '/v1/admin/tenants/acme';
    const set = await send(api, 'PATCH', path, { max_queued_jobs: 2, max_concurrency: 1 });
    expect(await set.json()).toMatchObject({ max_queued_jobs: 2, max_concurrency: 1 });
    const submit = () => send(api, 'POST', '/v1/jobs', chatBody, key);
    const [first, second, third] = [await submit(), await submit(), await submit()];
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const error = await expectError(third, 429, 'queue_full');
    expect(error.param).toBe('max_queued_jobs');
    expect(error.message).toContain('has 2 jobs that have not ended and may have 2');

    const limits = (await (await api.call('/v1/limits')).json()) as { tenants: unknown };
    const bytes = Buffer.byteLength(JSON.stringify(chatBody.input));
    expect(limits.tenants).toEqual([
      { tenant_id: 'acme', queued_jobs: 2, queued_bytes: 2 * bytes, running: 0 },
    ]);
    await send(api, 'PATCH', path, { max_queued_jobs: null, max_queued_bytes: 2 * bytes });
    expect(await (await api.call(path)).json()).toEqual(
      expect.not.objectContaining({ max_queued_jobs: 2 }),
    );
    expect((await expectError(await submit(), 429, 'queue_full')).param).toBe('max_queued_bytes');
    const { id } = (await first.json()) as JobView;
    await send(api, 'POST', `/v1/jobs/${id}/cancel`, undefined, key);
    expect((await submit()).status).toBe(202);
    await send(api, 'DELETE', path);
    expect(await api.records.caps('acme')).toEqual({});
    const refused = await send(api, 'PATCH', '/v1/admin/tenants/default', { max_queued_jobs: 0 });
    expect((await expectError(refused, 400, 'invalid_request')).param).toBe('max_queued_jobs');
  });

  it("keep one tenant's jobs from another, as if they were not there", async () => {
    const api = await startTestApi();
    const [a, b] = [await keyOf(api, 'a'), await keyOf(api, 'b')];
    const submitted = await send(api, 'POST', '/v1/jobs', chatBody, a.key);
    const { id } = (await submitted.json()) as JobView;
    expect((await api.records.read(id))?.tenantId).toBe('a');
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '?wait=1'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const) {
      for (const key of [b.key, undefined]) {
        const reply = await send(api, method, `/v1/jobs/${id}${path}`, undefined, key);
        await expectError(reply, 404, 'not_found');
      }
    }
    const listed = await send(api, 'GET', '/v1/jobs', undefined, b.key);
    expect(await listed.json()).toMatchObject({ data: [] });
    expect((await send(api, 'GET', `/v1/jobs/${id}`, undefined, a.key)).status).toBe(200);
  });

  it('keep Idempotency-Keys of tenants apart', async () => {
    const api = await startTestApi();
    const [a, b] = [await keyOf(api, 'a'), await keyOf(api, 'b')];
    const submit = async (key: string) => {
      const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'same' };
      return ((await (await api.submit(chatBody, headers)).json()) as JobView).id;
    };
    const first = await submit(a.key);
    expect(await submit(a.key)).toBe(first);
    expect(await submit(b.key)).not.toBe(first);
  });

  it('let a key in no faster than its rate', async () => {
    const api = await startTestApi();
    const { key } = await keyOf(api, 'a', { requests_per_second: 2 });
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => send(api, 'GET', '/v1/jobs', undefined, key)),
    );
    const limited = replies.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThanOrEqual(3);
    expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await expectError(limited[0]!, 429, 'rate_limited');
  });

  it('let a key without a rate in no faster than every key may be', async () => {
    const api = await startTestApi((config) => ({
      ...config,
      server: { ...config.server, requestsPerSecondPerKey: 2 },
    }));
    const { key } = await keyOf(api, 'a');
    const { key: faster } = await keyOf(api, 'a', { requests_per_second: 100 });
    const statuses = async (shown: string) => {
      const asked = Array.from({ length: 6 }, () => send(api, 'GET', '/v1/jobs', undefined, shown));
      return (await Promise.all(asked)).map(({ status }) => status);
    };
    expect((await statuses(key)).filter((status) => status === 429).length).toBeGreaterThan(2);
    expect(await statuses(faster)).not.toContain(429);
  });

  it('shut a revoked key out within a second in every process', async () => {
    const api = await startTestApi();
    const { key, id } = await keyOf(api, 'a');
    const status = async () => {
      const reply = await send(api, 'GET', '/v1/jobs', undefined, key);
      await reply.text();
      return reply.status;
    };
    expect(await status()).toBe(200);
    await api.call(`/v1/admin/keys/${id}`, { method: 'DELETE' });
    await expect.poll(status, { timeout: 1_000, interval: 50 }).toBe(401);
  });
});
