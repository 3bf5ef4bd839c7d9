import { describe, expect, it } from 'vitest';

import { apiRoutes } from './routes.ts';
import { expectError } from './testing/expect-error.ts';
import { chatBody, startTestApi } from './testing/start-test-api.ts';

const pathOf = (path: string) => path.replace(':id', 'job_00000000000000000000000000000');
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('every route', () => {
  it('refuses a request without the right key, unless it says that it is open', async () => {
    const api = await startTestApi();
    const wrong: Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: `Bearer ${'x'.repeat(48)}` },
      { authorization: `Basic ${api.config.adminKey}` },
      { authorization: basic(`admin:${api.config.adminKey}`) },
      { authorization: api.config.adminKey ?? '' },
      { 'x-api-key': '' },
      { 'x-api-key': `${api.config.adminKey}x` },
    ];
    for (const { method, path, access, errors } of apiRoutes) {
      for (const headers of wrong) {
        const response = await fetch(api.url + pathOf(path), {
          method: method.toUpperCase(),
          headers,
        });
        const asked = { method, path, headers };
        const refused = response.status === 401;
        expect({ ...asked, refused }).toEqual({ ...asked, refused: access !== 'open' });
        if (access === 'open') continue;
        expect(response.headers.get('www-authenticate')).toContain('Bearer');
        expect(await response.clone().text()).toContain('Authorization: Bearer <key>');
        // The forms of other vendors are looked at where their routes are.
        if (!errors) await expectError(response, 401, 'invalid_api_key');
      }
    }
  });

  it('lets in who sends the key as bearer token, in any case of the word, or as X-API-Key', async () => {
    const api = await startTestApi();
    const key = api.config.adminKey ?? '';
    for (const { method, path } of apiRoutes) {
      for (const headers of [
        { authorization: `Bearer ${key}` },
        { authorization: `bearer  ${key}` },
        { 'x-api-key': key },
        { authorization: 'Bearer wrong', 'x-api-key': key },
      ]) {
        const response = await fetch(api.url + pathOf(path), {
          method: method.toUpperCase(),
          headers,
        });
        expect({ method, path, status: response.status }).not.toMatchObject({ status: 401 });
        await response.text();
      }
    }
  });

  it('takes a key with spaces and letters of any script', async () => {
    const adminKey = 'grüne Lampen über dem Hafen 港';
    const api = await startTestApi((config) => ({ ...config, adminKey }));
    // What curl sends: the bytes of the key's UTF-8.
    const sent = Buffer.from(adminKey).toString('latin1');
    for (const headers of [{ authorization: `Bearer ${sent}` }, { 'x-api-key': sent }]) {
      expect((await fetch(`${api.url}/v1/models`, { headers })).status).toBe(200);
    }
    const headers = { authorization: basic(`admin:${adminKey}`) };
    expect((await fetch(`${api.url}/admin/queues`, { headers })).status).toBe(200);
  });

  it('answers another method with 405 and the allowed ones', async () => {
    const api = await startTestApi();
    for (const path of new Set(apiRoutes.map((route) => route.path))) {
      const known = apiRoutes.filter((route) => route.path === path).map(({ method }) => method);
      const method = known.includes('put') ? 'PATCH' : 'PUT';
      const response = await api.call(pathOf(path), { method });
      await expectError(response, 405, 'method_not_allowed');
      expect(response.headers.get('allow')?.toLowerCase().split(', ')).toEqual(known);
    }
  });

  it('answers an unknown path with 404 and one that cannot be decoded with 400', async () => {
    const api = await startTestApi();
    await expectError(await api.call('/v1/nothing'), 404, 'not_found');
    await expectError(await api.call('/'), 404, 'not_found');
    await expectError(await api.call('/v1/jobs/%E0%A4%A'), 400, 'invalid_request');
  });

  it('keeps a valid X-Request-Id of the client and replaces any other', async () => {
    const api = await startTestApi();
    const sent = async (requestId: string) => {
      const response = await api.call('/healthz', { headers: { 'x-request-id': requestId } });
      return response.headers.get('x-request-id');
    };
    expect(await sent('client-1.a:b_c')).toBe('client-1.a:b_c');
    expect(await sent('no spaces')).toMatch(/^req_/);
    expect(await sent('x'.repeat(129))).toMatch(/^req_/);
  });

  it('does not tell what it is built with', async () => {
    const api = await startTestApi();
    const { headers } = await api.submit(chatBody);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });
});
