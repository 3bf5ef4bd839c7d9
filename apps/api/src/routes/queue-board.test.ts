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
