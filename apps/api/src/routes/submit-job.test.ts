import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import type { JobView } from '@sluice/contracts';

import { expectError } from '../testing/expect-error.ts';
import { endJob } from '../testing/end-job.ts';
import {
  batchBody,
  chatBody,
  startTestApi,
  workflowBody,
  type TestApi,
} from '../testing/start-test-api.ts';

const json = { 'content-type': 'application/json' };
const post = (api: TestApi, body: string | Uint8Array<ArrayBuffer>, headers = {}) =>
  api.call('/v1/jobs', { method: 'POST', body, headers: { ...json, ...headers } });

describe('POST /v1/jobs', () => {
  it.each([
    { body: chatBody, shown: { type: 'chat', model: 'test-chat' }, lane: 'chat-lane' },
    { body: workflowBody, shown: { type: 'workflow', app: 'test-app' }, lane: 'app-lane' },
    {
      body: batchBody,
      shown: { type: 'batch', progress: { total: 2, ended: 0, failed: 0 } },
      lane: 'batches',
    },
  ])('accepts a $shown.type job: record, ticket, Location and the queued job', async (row) => {
    const api = await startTestApi();
    const response = await api.submit(row.body);
    const view = (await response.json()) as JobView;

    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/jobs/${view.id}`);
    expect(view).toMatchObject({ object: 'job', state: 'queued', attempts: [], ...row.shown });
    expect(await api.records.read(view.id)).toMatchObject({ state: 'queued', lane: row.lane });
    expect(await api.lanes.ticketState(row.lane, { jobId: view.id, attempt: 1 })).toBe('live');
    const shown = { ...view, position: 1, timing: expect.any(Object) };
    expect(await (await api.call(`/v1/jobs/${view.id}`)).json()).toEqual(shown);
  });

  it('keeps every option in the record and the secret to itself', async () => {
    const api = await startTestApi();
    const webhook = {
      url: 'https://example.com/hook',
      secret: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    };
    const response = await api.submit({
      ...chatBody,
      webhook,
      priority: 'high',
      cache: { mode: 'bypass' },
      max_wait_seconds: 5,
      timeout_seconds: 20,
      attempt_timeout_seconds: 1.5,
      first_byte_timeout_seconds: 0.5,
      idle_timeout_seconds: 0.25,
      user: 'u1',
      metadata: { team: 'a' },
    });
    const text = await response.text();
    const view = JSON.parse(text) as JobView;
    const record = await api.records.read(view.id);

    expect(text).not.toContain(webhook.secret);
    expect(view).toMatchObject({ priority: 'high', webhook: { url: webhook.url }, user: 'u1' });
    expect(record).toMatchObject({
      webhook,
      priority: 'high',
      cacheMode: 'bypass',
      attemptTimeoutMs: 1_500,
      timeouts: { firstByteMs: 500, idleMs: 250 },
      user: 'u1',
      metadata: { team: 'a' },
      startByMs: (record?.createdAtMs ?? 0) + 5_000,
      deadlineMs: (record?.createdAtMs ?? 0) + 20_000,
    });
  });

  it('writes no prompt into the ticket', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const ticket = await api.lanes.queue('chat-lane', 0).getJob(id);
    expect(JSON.stringify(ticket?.data)).not.toContain('Say hello');
  });

  it('reads gzip, deflate and br', async () => {
    const api = await startTestApi();
    const body = JSON.stringify(chatBody);
    for (const [encoding, encode] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['identity', Buffer.from],
    ] as const) {
      const response = await post(api, Buffer.from(encode(body)), { 'content-encoding': encoding });
      expect({ encoding, status: response.status }).toEqual({ encoding, status: 202 });
    }
  });

  it('accepts a thousand requests of a dozen fields in one batch', async () => {
    const api = await startTestApi((config) => ({
      ...config,
      server: { ...config.server, maxBodyBytes: 10_485_760 },
    }));
    const request = {
      type: 'chat',
      model: 'test-chat',
      input: {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'Say hello.', name: 'someone' },
        ],
        temperature: 0.2,
        top_p: 0.9,
        max_tokens: 100,
        seed: 1,
        presence_penalty: 0,
      },
    };
    const requests = Array.from({ length: 1_000 }, (_, i) => ({ ...request, custom_id: `r${i}` }));
    const view = await api.accepted({ type: 'batch', input: { requests } });
    expect(view.progress).toEqual({ total: 1_000, ended: 0, failed: 0 });
  });
});

describe('POST /v1/jobs refuses', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const withInputs = (inputs: string) =>
    `{"type":"workflow","app":"test-app","input":{"inputs":${inputs}}}`;
  const keys = (count: number) =>
    `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`;

  const invalid = { status: 400, code: 'invalid_request', param: null };
  const notJson = { status: 400, code: 'invalid_json', param: null };

  it.each([
    { name: 'an empty body', body: '', ...notJson },
    { name: 'no JSON', body: '{"type":', ...notJson },
    { name: 'two values', body: '{}{}', ...notJson },
    { name: 'a string', body: '"hi"', ...invalid },
    { name: 'null', body: 'null', ...invalid },
    { name: 'a deep body', body: withInputs(`{"a":${nested(100)}}`), ...invalid },
    { name: 'a very deep body', body: nested(200_000), ...invalid },
    { name: 'too many keys', body: withInputs(keys(10_001)), ...invalid },
    {
      name: 'too many values',
      body: JSON.stringify({
        ...chatBody,
        input: { messages: Array.from({ length: 60_000 }, () => 0) },
      }),
      ...invalid,
    },
    {
      name: '__proto__',
      body: withInputs('{"a":{"__proto__":{"admin":true}}}'),
      ...invalid,
      param: 'input.inputs.a.__proto__',
    },
    {
      name: '__proto__ in escapes',
      body: withInputs(String.raw`[{"\u005f_proto__":1}]`),
      ...invalid,
      param: 'input.inputs[0].__proto__',
    },
    {
      name: 'constructor',
      body: withInputs('{"constructor":1}'),
      ...invalid,
      param: 'input.inputs.constructor',
    },
    {
      name: 'an unknown model',
      body: JSON.stringify({ ...chatBody, model: 'test-chta' }),
      status: 404,
      code: 'model_not_found',
      param: 'model',
    },
    {
      name: 'an unknown app',
      body: JSON.stringify({ ...workflowBody, app: 'test-ap' }),
      status: 404,
      code: 'app_not_found',
      param: 'app',
    },
    {
      name: 'an unknown model in a batch',
      body: JSON.stringify({
        type: 'batch',
        input: { requests: [...batchBody.input.requests, { ...chatBody, model: 'nope' }] },
      }),
      status: 404,
      code: 'model_not_found',
      param: 'input.requests[2].model',
    },
    {
      name: 'an unknown app in a batch',
      body: JSON.stringify({
        type: 'batch',
        input: { requests: [{ ...workflowBody, app: 'no' }] },
      }),
      status: 404,
      code: 'app_not_found',
      param: 'input.requests[0].app',
    },
    {
      name: 'an unknown field',
      body: JSON.stringify({ ...chatBody, modle: 'x' }),
      ...invalid,
      param: 'modle',
    },
    {
      name: 'a private webhook',
      body: JSON.stringify({
        ...chatBody,
        webhook: { url: 'http://169.254.169.254/', secret: `whsec_${'A'.repeat(32)}` },
      }),
      status: 400,
      code: 'blocked_address',
      param: 'webhook.url',
    },
    {
      name: 'more than the limit',
      body: `"${'x'.repeat(1_048_576)}"`,
      status: 413,
      code: 'body_too_large',
      param: null,
    },
  ])('$name', async ({ body, status, code, param }) => {
    const api = await startTestApi();
    const error = await expectError(await post(api, body), status, code);
    expect(error.param).toBe(param);
    expect(error.message.length).toBeLessThan(500);
    expect(await api.redis.exists(`{${api.config.root}:0}/live`)).toBe(0);
  });

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/json; charset=utf-16', 415],
    ['application/jsonx', 415],
    ['application/json; charset=utf-8', 202],
    ['Application/JSON;charset="UTF-8"', 202],
  ])('a Content-Type of %s with %i', async (type, status) => {
    const api = await startTestApi();
    const response = await post(api, JSON.stringify(chatBody), { 'content-type': type });
    if (status === 202) expect(response.status).toBe(202);
    else await expectError(response, 415, 'unsupported_media_type');
  });

  it('a body without Content-Type, in an unknown encoding, not in its encoding, or not in UTF-8', async () => {
    const api = await startTestApi();
    const bytes = Buffer.from(JSON.stringify(chatBody));
    const untyped = await api.call('/v1/jobs', { method: 'POST', body: bytes });
    await expectError(untyped, 415, 'unsupported_media_type');
    const zipped = await post(api, bytes, { 'content-encoding': 'compress' });
    expect((await expectError(zipped, 415, 'unsupported_media_type')).message).toContain(
      'compress',
    );
    const lying = await post(api, bytes, { 'content-encoding': 'gzip' });
    await expectError(lying, 400, 'invalid_request');
    const latin = Buffer.concat([bytes.subarray(0, -3), Buffer.from([0xe9]), bytes.subarray(-3)]);
    await expectError(await post(api, latin), 400, 'invalid_json');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('a bomb in %s: the limit holds for what it decodes to', async (encoding, encode) => {
    const api = await startTestApi();
    const bomb = Buffer.from(encode(Buffer.alloc(20 * 1024 * 1024, 0x20)));
    expect(bomb.length).toBeLessThan(1_048_576);
    const response = await post(api, bomb, { 'content-encoding': encoding });
    await expectError(response, 413, 'body_too_large');
  });

  it('a body that grows beyond the limit while it is sent in chunks', async () => {
    const api = await startTestApi();
    const chunk = new TextEncoder().encode('x'.repeat(65_536));
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        if (sent > 40) controller.close();
        else controller.enqueue(chunk);
      },
    });
    // fetch wants to know that it must not wait for the reply before it has sent everything.
    const streaming: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
    const response = await fetch(`${api.url}/v1/jobs`, {
      ...streaming,
      headers: { ...json, authorization: `Bearer ${api.config.adminKey}` },
    });
    await expectError(response, 413, 'body_too_large');
  });
});

describe('an Idempotency-Key', () => {
  it('makes one job of fifty concurrent requests', async () => {
    const api = await startTestApi();
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => api.submit(chatBody, { 'idempotency-key': 'race' })),
    );
    const views = await Promise.all(replies.map(async (r) => (await r.json()) as JobView));

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(views.map(({ id }) => id)).size).toBe(1);
    expect(replies.filter((r) => r.headers.get('idempotency-replayed') === 'true')).toHaveLength(
      49,
    );
    expect((await api.records.list('default', {})).records).toHaveLength(1);
    expect(await api.lanes.queue('chat-lane', 0).count()).toBe(1);
  });

  it('gives the same job for the same JSON in another order of keys, quoted or not', async () => {
    const api = await startTestApi();
    const { input, model, type } = chatBody;
    const first = await api.accepted({ type, model, input }, { 'idempotency-key': 'k' });
    const second = await api.submit({ input, model, type }, { 'idempotency-key': '"k"' });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(`/v1/jobs/${first.id}`);
    expect(await second.json()).toEqual(first);
  });

  it('refuses another body under the same key', async () => {
    const api = await startTestApi();
    await api.accepted(chatBody, { 'idempotency-key': 'k' });
    const response = await api.submit({ ...chatBody, user: 'x' }, { 'idempotency-key': 'k' });
    await expectError(response, 422, 'idempotency_key_reused');
  });

  it('that is empty or too long is refused by name', async () => {
    const api = await startTestApi();
    for (const key of ['""', 'x'.repeat(256)]) {
      const response = await api.submit(chatBody, { 'idempotency-key': key });
      const error = await expectError(response, 400, 'invalid_request');
      expect(error.param).toBe('Idempotency-Key');
    }
  });
});

describe('Prefer: wait', () => {
  it('answers 200 with the ended job and its measurements as soon as it has ended', async () => {
    const api = await startTestApi();
    const waiting = api.submit(chatBody, { prefer: 'respond-async, wait=20' });
    await endJob(api, await onlyJob(api));
    const response = await waiting;

    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=20');
    expect(response.headers.get('x-relay-latency')).toMatch(/^\d+$/);
    expect(response.headers.get('x-usage-token-count')).toBe('12');
    expect(response.headers.get('x-cost-usd')).toBe('0.000100');
    expect(await response.json()).toMatchObject({ state: 'completed', cost_usd: '0.000100' });
  });

  it('answers 202 with the job as it is when the time is over', async () => {
    const api = await startTestApi();
    const response = await api.submit(chatBody, { prefer: 'wait=1' });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ state: 'queued' });
  });

  it.each(['wait=soon', 'wait=-1', 'respond-async', 'await=5'])(
    'that cannot be read (%s) is ignored',
    async (prefer) => {
      const api = await startTestApi();
      const response = await api.submit(chatBody, { prefer });
      expect(response.status).toBe(202);
      expect(response.headers.get('preference-applied')).toBeNull();
    },
  );
});

async function onlyJob(api: TestApi): Promise<string> {
  for (;;) {
    const { records } = await api.records.list('default', {});
    const [job] = records;
    if (job) return job.jobId;
  }
}
