import type {
  DeliveryDetailView,
  DeliveryView,
  EndpointView,
  JobView,
  WebhookEvent,
} from '@sluice/contracts';
import { startReceiver, waitFor, type ReceivedRequest, type Receiver } from '@sluice/testing';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';

import { adminKey, defaultConfig, useStack, type Reply } from '../support/start-stack.ts';

const stack = useStack({
  config: (addresses) => ({
    ...defaultConfig(addresses),
    webhooks: {
      scheduleSeconds: [0, 0.3, 0.3],
      timeoutSeconds: 1,
      disableAfterSeconds: 1,
      maxPayloadBytes: 4_000,
      endpointConcurrency: 4,
    },
    server: { publicUrl: 'https://sluice.example/' },
  }),
});

const chat = {
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content: 'Hello' }] },
};
const workflow = { type: 'workflow', app: 'flow', input: { inputs: { topic: 'queues' } } };

type Created = EndpointView & { secret: string };

// What the API answers has the shape that the test then checks.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
async function ask<Body>(method: string, path: string, body?: unknown, key?: string) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const reply: Reply = await stack().request(method, path, body, headers);
  return { status: reply.status, body: reply.body as Body };
}

async function receiver(): Promise<Receiver> {
  const started = await startReceiver();
  onTestFinished(() => started.close());
  return started;
}

async function endpoint(url: string, more: object = {}, key?: string): Promise<Created> {
  const reply = await ask<Created>('POST', '/v1/webhooks', { url, ...more }, key);
  expect(reply).toMatchObject({ status: 201 });
  onTestFinished(async () => {
    await ask('DELETE', `/v1/webhooks/${reply.body.id}`, undefined, key);
  });
  return reply.body;
}

const eventOf = ({ rawBody }: ReceivedRequest) => JSON.parse(rawBody.toString()) as WebhookEvent;

async function deliveries(id: string): Promise<DeliveryView[]> {
  const reply = await ask<{ data: DeliveryView[] }>('GET', `/v1/webhooks/${id}/deliveries`);
  return reply.body.data;
}

/** Everything that reached the receiver about this job. */
function about(hook: Receiver, { id }: JobView): ReceivedRequest[] {
  return hook.requests.filter((request) => eventOf(request).data.job_id === id);
}

describe('an endpoint', () => {
  test('gets the events it asks for, once each, signed so that standardwebhooks and openai take them', async () => {
    const hook = await receiver();
    const all = await endpoint(`${hook.url}/all`, { headers: { 'X-Team': 'blue' } });
    await endpoint(`${hook.url}/flows`, { events: ['workflow.*'] });
    await endpoint(`${hook.url}/failures`, { events: ['*.failed'] });
    await endpoint(`${hook.url}/off`, { enabled: false });
    const [chatJob, flowJob] = await Promise.all([stack().submit(chat), stack().submit(workflow)]);
    await waitFor(() => hook.requests.length >= 3);
    await Promise.all([stack().ended(chatJob.id), stack().ended(flowJob.id)]);
    expect(about(hook, chatJob).map(({ path }) => path)).toEqual(['/all']);
    expect(
      about(hook, flowJob)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/all', '/flows']);

    const [sent] = about(hook, chatJob);
    const headers = sent!.headers as Record<string, string>;
    expect(headers['x-team']).toBe('blue');
    expect(Number(headers['x-relay-latency'])).toBeGreaterThanOrEqual(0);
    expect(Number(headers['x-usage-token-count'])).toBeGreaterThan(0);
    expect(headers['x-cost-usd']).toMatch(/^\d+\.\d{6}$/);
    const text = sent!.rawBody.toString();
    expect(new Webhook(all.secret).verify(text, headers)).toMatchObject({ type: 'chat.completed' });
    const client = new OpenAI({ apiKey: 'none', webhookSecret: all.secret });
    expect(await client.webhooks.unwrap(text, headers)).toMatchObject({ type: 'chat.completed' });

    const flow = eventOf(about(hook, flowJob)[0]!);
    expect(flow.data).toMatchObject({ status: 'succeeded', outputs: expect.any(Object) });
    const [logged] = (await deliveries(all.id)).filter(({ job_id }) => job_id === chatJob.id);
    expect(logged).toMatchObject({
      event_id: headers['webhook-id'],
      state: 'delivered',
      attempts: [{ number: 1, status: 200, outcome: 'delivered', url: `${hook.url}/all` }],
    });
    const { body: detail } = await ask<DeliveryDetailView>('GET', `/v1/deliveries/${logged!.id}`);
    expect(detail.request_body_excerpt).toBe(text.slice(0, 2_000));
    expect(detail.attempts[0]?.request_headers).toMatchObject({
      'webhook-id': headers['webhook-id'],
      'webhook-timestamp': headers['webhook-timestamp'],
      'webhook-signature': '[redacted]',
      'X-Team': '[redacted]',
      'X-Cost-USD': headers['x-cost-usd'],
    });
    const { request_bytes: bytes } = detail.attempts[0]!;
    expect(bytes).toBe(sent!.rawBody.length);
    await ask('DELETE', `/v1/jobs/${chatJob.id}`);
    const erased = await ask<DeliveryDetailView>('GET', `/v1/deliveries/${logged!.id}`);
    expect(erased.body).not.toHaveProperty('request_body_excerpt');
  });

  test('is sent a thin event where it wants that or the result is too large, with a link to the job', async () => {
    const hook = await receiver();
    await endpoint(`${hook.url}/thin`, { payload: 'thin' });
    await endpoint(`${hook.url}/full`);
    const small = await stack().submit(chat);
    const words = 'lorem ipsum '.repeat(600);
    const large = await stack().submit({
      ...chat,
      input: { messages: [{ role: 'user', content: 'Hello' }] },
      metadata: Object.fromEntries(
        Array.from({ length: 10 }, (_, i) => [`k${i}`, words.slice(0, 500)]),
      ),
    });
    await waitFor(() => hook.requests.length === 4);
    const at = (job: JobView, path: string) =>
      eventOf(about(hook, job).find((request) => request.path === path)!).data;
    expect(at(small, '/full')).toMatchObject({ result: { type: 'chat' } });
    expect(at(small, '/full')).not.toHaveProperty('url');
    for (const data of [at(small, '/thin'), at(large, '/full'), at(large, '/thin')]) {
      expect(data).not.toHaveProperty('result');
      expect(data.url).toBe(`https://sluice.example/v1/jobs/${data.job_id}`);
    }
  });

  test('can be registered in the words of other gateways, for one provider', async () => {
    const hook = await receiver();
    const register = (provider: string) =>
      ask<Created>('POST', '/v1/webhooks/register', {
        provider,
        callback_url: `${hook.url}/${provider}`,
        events: ['workflow.completed', 'workflow.failed', 'chat.completed'],
      });
    for (const provider of ['dify', 'openai']) {
      const reply = await register(provider);
      expect(reply).toMatchObject({ status: 201, body: { provider } });
      onTestFinished(async () => void (await ask('DELETE', `/v1/webhooks/${reply.body.id}`)));
    }
    const jobs = await Promise.all([stack().submit(workflow), stack().submit(chat)]);
    await waitFor(() => hook.requests.length === 2);
    expect(about(hook, jobs[0]).map(({ path }) => path)).toEqual(['/dify']);
    expect(about(hook, jobs[1]).map(({ path }) => path)).toEqual(['/openai']);
  });

  test('is told of a batch once, not of its children', async () => {
    const hook = await receiver();
    await endpoint(hook.url);
    const requests = Array.from({ length: 3 }, () => ({ ...chat }));
    const batch = await stack().submit({ type: 'batch', input: { requests } });
    await stack().ended(batch.id);
    const later = await stack().submit(chat);
    await waitFor(() => about(hook, later).length === 1);
    expect(hook.requests.map((request) => eventOf(request).type).sort()).toEqual([
      'batch.completed',
      'chat.completed',
    ]);
  });

  test('signs with both secrets while a rotation overlaps', async () => {
    const hook = await receiver();
    const created = await endpoint(hook.url);
    const path = `/v1/webhooks/${created.id}/rotate-secret`;
    const rotated = await ask<Created>('POST', path, { overlap_seconds: 60 });
    expect(rotated.body.secret).not.toBe(created.secret);
    const send = async () => {
      const { body } = await ask<DeliveryView>('POST', `/v1/webhooks/${created.id}/test`);
      await waitFor(() =>
        hook.requests.some(({ headers }) => headers['webhook-id'] === body.event_id),
      );
      return hook.requests.find(({ headers }) => headers['webhook-id'] === body.event_id)!;
    };
    const both = await send();
    for (const secret of [created.secret, rotated.body.secret]) {
      const headers = both.headers as Record<string, string>;
      expect(new Webhook(secret).verify(both.rawBody.toString(), headers)).toMatchObject({
        type: 'webhook.test',
        data: { endpoint_id: created.id },
      });
    }
    const last = await ask<Created>('POST', path, { overlap_seconds: 0 });
    const one = await send();
    const headers = one.headers as Record<string, string>;
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(1);
    new Webhook(last.body.secret).verify(one.rawBody.toString(), headers);
  });
});

describe('a receiver that does not take events', () => {
  test('gets them again on the schedule with the same id, and by hand when the schedule is used up', async () => {
    const hook = await receiver();
    const { id } = await endpoint(hook.url);
    const keepAlive = await receiver();
    hook.script(
      { status: 500, body: 'out of order' },
      { status: 302, headers: { location: keepAlive.url } },
      { status: 503 },
    );
    const job = await stack().submit(chat);
    await waitFor(async () => (await deliveries(id))[0]?.state === 'failed', { timeoutMs: 10_000 });
    const [failed] = await deliveries(id);
    expect(failed?.attempts.map(({ status }) => status)).toEqual([500, 302, 503]);
    expect(failed?.attempts[0]?.response_excerpt).toBe('out of order');
    expect(keepAlive.requests).toEqual([]);
    expect(await ask('POST', `/v1/deliveries/${failed!.id}/redeliver`)).toMatchObject({
      status: 202,
    });
    await waitFor(async () => (await deliveries(id))[0]?.state === 'delivered');
    expect(new Set(hook.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(hook.requests).toHaveLength(4);
    expect(about(hook, job)).toHaveLength(4);

    const since = new Date(Date.parse(failed!.created_at) - 1).toISOString();
    const path = `/v1/webhooks/${id}/redeliver`;
    expect((await ask('POST', path, { since })).body).toMatchObject({ count: 0 });
    expect((await ask('POST', path, { since, all: true })).body).toMatchObject({ count: 1 });
    await waitFor(() => hook.requests.length === 5);
  });

  test('and says 410 is disabled at once; its other endpoint is told; enabling it sends what was parked', async () => {
    const hook = await receiver();
    const watcher = await receiver();
    const gone = await endpoint(hook.url);
    await endpoint(watcher.url, { events: ['endpoint.disabled'] });
    hook.otherwise({ status: 410 });
    const first = await stack().submit(chat);
    await waitFor(() => watcher.requests.length === 1);
    expect(JSON.parse(watcher.requests[0]!.rawBody.toString())).toMatchObject({
      type: 'endpoint.disabled',
      data: { endpoint_id: gone.id, reason: 'gone' },
    });
    await waitFor(async () => {
      const { body } = await ask<EndpointView>('GET', `/v1/webhooks/${gone.id}`);
      return body.disabled_reason === 'gone';
    });
    const second = await stack().submit(chat);
    await stack().ended(second.id);
    await waitFor(async () => (await deliveries(gone.id)).length === 2);
    expect((await deliveries(gone.id)).map(({ state }) => state)).toEqual(['parked', 'parked']);
    expect(hook.requests).toHaveLength(1);
    hook.otherwise({ status: 200 });
    await ask('PATCH', `/v1/webhooks/${gone.id}`, { enabled: true });
    await waitFor(() => about(hook, first).length === 2 && about(hook, second).length === 1);
  });

  test('for longer than it may is disabled', async () => {
    const hook = await receiver();
    const { id } = await endpoint(hook.url);
    hook.otherwise({ status: 500 });
    const disabled = async () => {
      const { body } = await ask<EndpointView>('GET', `/v1/webhooks/${id}`);
      return body.disabled_reason === 'failing';
    };
    await stack().submit(chat);
    await waitFor(() => hook.requests.length === 3, { timeoutMs: 10_000 });
    expect(await disabled()).toBe(false);
    await waitFor(
      async () => {
        await stack().submit(chat);
        return disabled();
      },
      { timeoutMs: 10_000, intervalMs: 400 },
    );
  });
});

test('a tenant reaches only its own endpoints, and hears only of its own jobs', async () => {
  const hook = await receiver();
  await ask('POST', '/v1/admin/tenants', { id: 'acme' });
  const { body } = await ask<{ key: string }>('POST', '/v1/admin/keys', {
    tenant_id: 'acme',
    scopes: ['submit', 'webhooks'],
  });
  const mine = await endpoint(`${hook.url}/mine`);
  const theirs = await endpoint(`${hook.url}/theirs`, {}, body.key);
  await stack().submit(chat);
  const other = await stack().submit(chat, { authorization: `Bearer ${body.key}` });
  await waitFor(() => hook.requests.length === 2);
  expect(about(hook, other).map(({ path }) => path)).toEqual(['/theirs']);
  const [delivery] = await deliveries(mine.id);
  for (const [method, path, sent] of [
    ['GET', `/v1/webhooks/${mine.id}`, undefined],
    ['PATCH', `/v1/webhooks/${mine.id}`, { url: 'https://example.com' }],
    ['DELETE', `/v1/webhooks/${mine.id}`, undefined],
    ['POST', `/v1/webhooks/${mine.id}/rotate-secret`, {}],
    ['POST', `/v1/webhooks/${mine.id}/test`, undefined],
    ['GET', `/v1/webhooks/${mine.id}/deliveries`, undefined],
    ['POST', `/v1/webhooks/${mine.id}/redeliver`, { since: '2026-01-01T00:00:00Z' }],
    ['GET', `/v1/deliveries/${delivery!.id}`, undefined],
    ['POST', `/v1/deliveries/${delivery!.id}/redeliver`, undefined],
  ] as const) {
    expect(await ask(method, path, sent, body.key)).toMatchObject({ status: 404 });
  }
  const list = await ask<{ data: EndpointView[] }>('GET', '/v1/webhooks', undefined, body.key);
  expect(list.body.data.map(({ id }) => id)).toEqual([theirs.id]);
  expect(JSON.stringify(list.body)).not.toContain(theirs.secret);
  expect(adminKey).not.toBe(body.key);
});

test('a request that no endpoint may have is refused with its field', async () => {
  for (const [body, param] of [
    [{ url: 'http://10.0.0.1/hook' }, 'url'],
    [{ url: 'https://me:pass@example.com' }, 'url'],
    [{ url: 'ftp://example.com' }, 'url'],
    [{ url: 'https://example.com', events: ['chat.exploded'] }, 'events[0]'],
    [{ url: 'https://example.com', headers: { Host: 'a' } }, 'headers.Host'],
    [
      { url: 'https://example.com', headers: { 'X-Forwarded-For': 'a' } },
      'headers.X-Forwarded-For',
    ],
    [{ url: 'https://example.com', headers: { 'X-A': 'a\r\nb: c' } }, 'headers.X-A'],
    [{ url: 'https://example.com', secret: 'short' }, 'secret'],
  ] as const) {
    const reply = await ask<{ error: { param: string } }>('POST', '/v1/webhooks', body);
    expect({ body, status: reply.status, param: reply.body.error.param }).toEqual({
      body,
      status: 400,
      param,
    });
  }
});
