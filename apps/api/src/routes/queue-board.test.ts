import { describe, expect, it } from 'vitest';

import { chatBody, startTestApi, type TestApi } from '../testing/start-test-api.ts';

const basic = (key: string | undefined) => ({
  authorization: `Basic ${Buffer.from(`anyone:${key}`).toString('base64')}`,
});

const paths = [
  '/admin/queues',
  '/admin/queues/',
  '/admin/queues/api/queues',
  '/admin/queues/api/redis/stats',
  '/admin/queues/queue/chat-lane',
  '/admin/queues/static/images/logo.svg',
  '/admin/queues/nothing',
];

const board = (api: TestApi, path: string, init: RequestInit = {}) =>
  fetch(`${api.url}${path}`, { headers: basic(api.config.adminKey), ...init });

describe('/admin/queues', () => {
  it('shows nothing, not even a picture, without the admin key', async () => {
    const api = await startTestApi();
    for (const path of paths) {
      for (const headers of [{}, basic('wrong'), { authorization: 'Bearer wrong' }]) {
        const response = await fetch(`${api.url}${path}`, { headers });
        expect({ path, status: response.status }).toEqual({ path, status: 401 });
        expect(response.headers.get('www-authenticate')).toMatch(/^Basic /);
        await response.text();
      }
    }
  });

  it('answers 401 to a crawler at everything that its page links and asks for', async () => {
    const api = await startTestApi();
    const html = await (await board(api, '/admin/queues')).text();
    const linked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
    const asked = ['api/queues', 'api/redis/stats', 'api/queues/chat-lane/1', 'api/nothing'];
    const inside = [...linked, ...asked]
      .map((link) => new URL(link, `${api.url}/admin/queues/`))
      .filter(({ href }) => href.startsWith(api.url));
    expect(inside.length).toBeGreaterThan(6);
    for (const url of inside) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) {
        const response = await fetch(url, { method });
        expect({ method, path: url.pathname, status: response.status }).toEqual({
          method,
          path: url.pathname,
          status: 401,
        });
        await response.text();
      }
    }
  });

  it('shows markup in a ticket as data, never as part of a page', async () => {
    const api = await startTestApi();
    const canary = '<img src=x onerror=alert(1)><script>alert(1)</script>';
    const queue = api.lanes.queue('chat-lane', 0);
    await queue.add(canary, { [canary]: canary }, { jobId: 'evil-1' });
    const page = await board(api, `/admin/queues/queue/chat-lane?status=${canary}`);
    expect(await page.text()).not.toContain('alert(1)');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'self'/);
    expect(page.headers.get('content-security-policy')).not.toMatch(/script-src/);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const listed = await board(
      api,
      '/admin/queues/api/queues?activeQueue=chat-lane&status=waiting',
    );
    expect(listed.headers.get('content-type')).toContain('application/json');
    expect(listed.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await listed.text()).toContain('alert(1)');
  });

  it('opens with HTTP Basic or a bearer token', async () => {
    const api = await startTestApi();
    const page = await board(api, '/admin/queues');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect((await api.call('/admin/queues/')).status).toBe(200);
  });

  it('lists every lane read-only, and a ticket without its prompt', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const text = await (
      await board(api, '/admin/queues/api/queues?activeQueue=chat-lane&status=prioritized')
    ).text();
    const { queues } = JSON.parse(text) as { queues: { name: string; readOnlyMode: boolean }[] };

    expect(queues.map(({ name }) => name).sort()).toEqual([
      'app-lane',
      'batches',
      'chat-lane',
      'scheduled',
      'webhooks',
    ]);
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    expect(text).toContain(id);
    expect(text).not.toContain('Say hello');
    expect(text).not.toContain('canary');
  });

  it('lets nobody act', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    for (const [method, path] of [
      ['PUT', 'api/queues/chat-lane/pause'],
      ['PUT', 'api/queues/chat-lane/empty'],
      ['PUT', `api/queues/chat-lane/${id}/clean`],
      ['POST', 'api/queues/chat-lane/add'],
      ['DELETE', 'api/queues/chat-lane'],
    ] as const) {
      const response = await board(api, `/admin/queues/${path}`, { method });
      expect({ path, status: response.status }).toEqual({ path, status: 405 });
      await response.text();
    }
    expect(await api.lanes.ticketState('chat-lane', { jobId: id, attempt: 1 })).toBe('live');
  });
});
