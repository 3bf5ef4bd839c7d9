import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { startReceiver, type Receiver, type ScriptedReply } from '@sluice/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { expectDifyError } from '../testing/expect-error.ts';
import { startTestApi, type TestApi } from '../testing/start-test-api.ts';
import { withDify } from '../testing/with-dify.ts';

const id = '45701982-8118-4bc5-8e9b-64562b4555f2';
const other = '9da23599-e713-473b-982c-4328d4f5c78a';
const apps = { talk: 'chat', flow: 'workflow' } as const;

const saying = (body: unknown, status = 200): ScriptedReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  ...(body !== undefined && { body: JSON.stringify(body) }),
});

interface World {
  api: TestApi;
  dify: Receiver;
  backup: Receiver;
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Response>;
  /** A key of a new tenant. */
  keyOf(tenant: string): Promise<string>;
}

async function start(): Promise<World> {
  const [dify, backup] = await Promise.all([startReceiver(), startReceiver()]);
  onTestFinished(async () => void (await Promise.all([dify.close(), backup.close()])));
  const missing = saying({ code: 'not_found', message: 'Conversation Not Exists.' }, 404);
  backup.otherwise(missing);
  const api = await startTestApi(withDify([dify.url, backup.url], apps));
  const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
  return {
    api,
    dify,
    backup,
    ask: async (method, path, body, key = api.config.adminKey ?? '') =>
      await fetch(`${api.url}/apps/talk/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    keyOf: async (tenant) => {
      await createTenants(deps).create({ id: tenant });
      const scopes = ['read', 'submit', 'cancel'] as const;
      return (await createApiKeys(deps).create({ tenant_id: tenant, scopes: [...scopes] })).key;
    },
  };
}

/** A path at Dify with its query: without what is empty, and with Dify's user. */
function expectedAt(path: string): string {
  const url = new URL(`http://dify/v1${path}`);
  url.searchParams.delete('last_id', '');
  url.searchParams.set('user', 'acme:ann');
  return url.pathname + url.search;
}

describe('a call that goes straight to Dify', () => {
  it('is handed on as it is, but for the user', async () => {
    const { dify, ask, keyOf } = await start();
    dify.otherwise(saying({ data: [{ created_by: 'acme:ann', inputs: { who: 'ann' } }] }));
    const key = await keyOf('acme');
    for (const [method, path, body] of [
      ['GET', '/conversations?limit=5&sort_by=created_at&last_id=', undefined],
      ['DELETE', `/conversations/${id}`, {}],
      ['POST', `/conversations/${id}/name`, { name: 'Orders' }],
      ['POST', `/conversations/${id}/name`, { name: null, auto_generate: true }],
      ['GET', `/conversations/${id}/variables?variable_name=topic`, undefined],
      ['PUT', `/conversations/${id}/variables/${other}`, { value: { a: [1] } }],
      ['GET', `/messages?conversation_id=${id}&first_id=${other}`, undefined],
      ['POST', `/messages/${id}/feedbacks`, { rating: null, content: 'meh' }],
      ['GET', `/messages/${id}/suggested`, undefined],
    ] as const) {
      const given = body && { ...body, user: 'ann' };
      const asked = body ? path : `${path}${path.includes('?') ? '&' : '?'}user=ann`;
      // oxlint-disable-next-line no-await-in-loop
      const response = await ask(method, asked, given, key);
      // oxlint-disable-next-line no-await-in-loop
      expect({ path, answer: await response.json() }).toEqual({
        path,
        answer: { data: [{ created_by: 'ann', inputs: { who: 'ann' } }] },
      });
      expect(response.headers.get('cache-control')).toBe('no-store');
      const request = dify.requests.at(-1);
      expect(request).toMatchObject({ method, headers: { authorization: 'Bearer app-talk' } });
      const text = String(request?.rawBody);
      expect({ path: request?.path, body: text && JSON.parse(text) }).toEqual(
        body
          ? { path: `/v1${path}`, body: { ...body, user: 'acme:ann' } }
          : { path: expectedAt(path), body: '' },
      );
    }
  });

  it('about the app itself is asked once a minute', async () => {
    const { dify, ask } = await start();
    dify.otherwise(saying({ tool_icons: {} }));
    for (const path of ['/meta', '/meta', '/site', '/site']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await (await ask('GET', `${path}?user=ann`)).json()).toEqual({ tool_icons: {} });
    }
    expect(dify.requests.map((request) => request.path)).toEqual(['/v1/meta', '/v1/site']);
  });

  it('answers what was deleted with 204, and lets its session begin another one', async () => {
    const { api, dify, ask } = await start();
    const session = {
      tenantId: 'default',
      app: 'talk',
      holder: 'dify-0 app-talk',
      sessionId: 's',
      user: 'ann',
    };
    await api.records.keepConversation(session, { id, ttlMs: 60_000 });
    dify.script(saying({ code: 'not_found', message: 'Conversation Not Exists.' }, 404));
    dify.otherwise({ status: 204 });
    await expectDifyError(
      await ask('DELETE', `/conversations/${id}`, { user: 'bob' }),
      404,
      'not_found',
    );
    expect(await api.records.conversation(session)).toBe(id);
    const response = await ask('DELETE', `/conversations/${id}`, { user: 'ann' });
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 204,
      text: '',
    });
    expect(await api.records.conversation(session)).toBeUndefined();
  });
});

describe('a wrong call', () => {
  it('is refused by the name of its field', async () => {
    const { dify, ask } = await start();
    for (const [method, path, body, field] of [
      ['GET', '/conversations', undefined, 'user'],
      ['GET', '/conversations?user=', undefined, 'user'],
      ['GET', `/conversations?user=${'x'.repeat(256)}`, undefined, 'user'],
      ['GET', '/conversations?user=ann&limit=101', undefined, 'limit'],
      ['GET', '/conversations?user=ann&sort_by=name', undefined, 'sort_by'],
      ['GET', '/conversations?user=ann&offset=1', undefined, 'offset'],
      ['GET', '/messages?user=ann&conversation_id=../info', undefined, 'conversation_id'],
      ['DELETE', `/conversations/${id}`, {}, 'user'],
      ['DELETE', `/conversations/${id}`, { user: 'ann', all: true }, 'all'],
      ['POST', `/conversations/${id}/name`, { user: 'ann', name: ' ' }, 'name'],
      ['PUT', `/conversations/${id}/variables/${other}`, { user: 'ann' }, 'value'],
      ['POST', `/messages/${id}/feedbacks`, { user: 'ann', rating: 'good' }, 'rating'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const error = await expectDifyError(await ask(method, path, body), 400, 'invalid_param');
      expect(error).toMatchObject({ params: field, message: expect.stringContaining(field) });
    }
    expect(dify.requests).toEqual([]);
  });

  it('never becomes another path at Dify', async () => {
    const { dify, ask } = await start();
    for (const path of [
      '/conversations/..%2finfo/variables',
      `/conversations/${id}%2f..%2f..%2finfo%3f/variables`,
      '/messages/job_01kbg3v0x2q7h5m9n4p6r8t0w200/suggested',
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      await expectDifyError(await ask('GET', `${path}?user=ann`), 404, 'not_found');
    }
    expect(dify.requests).toEqual([]);
  });

  it('of an app that holds no conversation is refused as Dify does', async () => {
    const { api } = await start();
    const response = await api.call('/apps/flow/v1/conversations?user=ann');
    expect(await expectDifyError(response, 400, 'not_chat_app')).toMatchObject({
      message: expect.stringContaining('one of talk'),
    });
  });

  it('of the operator’s own tenant cannot name a user of another one', async () => {
    const { dify, ask, keyOf } = await start();
    await keyOf('acme');
    dify.otherwise(saying({ data: [] }));
    const run = { user: 'acme:ann', query: 'hi', inputs: {} };
    for (const call of [
      ask('GET', '/conversations?user=acme:ann'),
      ask('POST', `/messages/${id}/feedbacks`, { user: 'acme:ann', rating: 'like' }),
      ask('POST', '/chat-messages', run),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const error = await expectDifyError(await call, 400, 'invalid_param');
      expect(error.params).toBe('user');
    }
    expect(dify.requests).toEqual([]);
    expect((await ask('GET', '/conversations?user=google:ann')).status).toBe(200);
  });
});

describe('a failure of Dify', () => {
  it('is told in its words, with the status that it has here', async () => {
    const { dify, ask } = await start();
    for (const [status, code, told] of [
      [404, 'not_found', 404],
      [400, 'invalid_param', 400],
      [403, 'app_suggested_questions_after_answer_disabled', 400],
      [429, 'too_many_requests', 429],
      [401, 'unauthorized', 502],
      [500, 'internal_server_error', 502],
    ] as const) {
      dify.otherwise(saying({ code, message: 'What Dify says.', status }, status));
      // oxlint-disable-next-line no-await-in-loop
      const response = await ask('GET', `/messages/${id}/suggested?user=ann`);
      // oxlint-disable-next-line no-await-in-loop
      const error = await expectDifyError(response, told, code);
      expect(error.message).toContain(told === 404 ? 'Not Exists' : 'What Dify says.');
    }
  });

  it('to answer as it should is one', async () => {
    const { dify, ask } = await start();
    for (const reply of [
      { body: '<html>' },
      { body: '' },
      { body: JSON.stringify('x'.repeat(17 * 2 ** 20)) },
      { fault: 'reset' },
    ] as const) {
      dify.otherwise(reply);
      // oxlint-disable-next-line no-await-in-loop
      const response = await ask('GET', '/conversations?user=ann');
      expect(response.status).toBe(502);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.json()).toMatchObject({ code: expect.any(String), status: 502 });
    }
  });
});

describe('the backup of an app', () => {
  const found = saying({ limit: 20, has_more: false, data: [] });

  it('is asked for what the first server does not have', async () => {
    const { dify, backup, ask } = await start();
    dify.otherwise(saying({ code: 'not_found', message: 'Conversation Not Exists.' }, 404));
    backup.otherwise(found);
    const response = await ask('GET', `/messages?user=ann&conversation_id=${id}`);
    expect(response.status).toBe(200);
    expect(dify.requests).toHaveLength(1);
  });

  it('does not make absent what the first server could not be asked for', async () => {
    const { dify, backup, ask } = await start();
    dify.otherwise({ fault: 'reset' });
    const response = await ask('GET', `/messages?user=ann&conversation_id=${id}`);
    expect(response.status).toBe(502);
    expect(backup.requests).toHaveLength(1);
  });

  it('is not asked what the first server has refused', async () => {
    const { dify, backup, ask } = await start();
    dify.otherwise(saying({ code: 'invalid_param', message: 'No.' }, 400));
    const rating = await ask('POST', `/messages/${id}/feedbacks`, { user: 'ann', rating: null });
    expect(rating.status).toBe(400);
    expect(backup.requests).toEqual([]);
  });
});
