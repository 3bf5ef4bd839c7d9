import { randomBytes } from 'node:crypto';

import type { JobView } from '@sluice/contracts';
import { startReceiver, waitFor, type Receiver } from '@sluice/testing';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { beforeAll, expect, test } from 'vitest';

import { defaultConfig, useStack } from '../support/start-stack.ts';

const secrets = {
  prompt: 'canary-prompt-2a01',
  workflowInput: 'canary-workflow-input-2a02',
  batchInput: 'canary-batch-input-2a03',
  jobSecret: `whsec_${Buffer.from('canary-of-a-job-webhook-2a04').toString('base64')}`,
  endpointSecret: `whsec_${Buffer.from('canary-of-an-endpoint-2a05').toString('base64')}`,
  headerValue: 'canary-header-value-2a06',
};

const stack = useStack({
  environment: { SLUICE_MASTER_KEYS: `first:${randomBytes(32).toString('base64')}` },
  config: (addresses) => {
    const { models, ...rest } = defaultConfig(addresses) as { models: { chat: object } };
    return { ...rest, models: { chat: { ...models.chat, cache: { ttlSeconds: 600 } } } };
  },
});

let hook: Receiver;
let redis: Redis;
let key = '';

beforeAll(async () => {
  hook = await startReceiver();
  redis = new Redis(stack().redis.url);
  await stack().request('POST', '/v1/admin/tenants', { id: 'acme' });
  const scopes = ['submit', 'read', 'webhooks'];
  const reply = await stack().request('POST', '/v1/admin/keys', { tenant_id: 'acme', scopes });
  key = (reply.body as { key: string }).key;
  return async () => {
    redis.disconnect();
    await hook.close();
  };
});

const asTenant = () => ({ authorization: `Bearer ${key}` });

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

async function ended(id: string): Promise<JobView> {
  const reply = await stack().request('GET', `/v1/jobs/${id}?wait=20`, undefined, asTenant());
  return reply.body as JobView;
}

/** Everything in Redis, as a snapshot of it would show. */
async function everything(): Promise<string> {
  const dumped = (await redis.keys('*')).map(async (name) => {
    const type = await redis.type(name);
    if (type === 'string') return await redis.get(name);
    if (type === 'hash') return await redis.hgetall(name);
    if (type === 'list') return await redis.lrange(name, 0, -1);
    if (type === 'set') return await redis.smembers(name);
    if (type === 'stream') return await redis.xrange(name, '-', '+');
    return type === 'zset' ? await redis.zrange(name, '0', '-1') : type;
  });
  return JSON.stringify(await Promise.all(dumped));
}

test('prompts, results, cached results and webhook secrets are in Redis only encrypted, and everything works', async () => {
  const { submit, request } = stack();
  const webhook = { url: `${hook.url}/job`, secret: secrets.jobSecret };
  const created = await request(
    'POST',
    '/v1/webhooks',
    {
      url: `${hook.url}/endpoint`,
      secret: secrets.endpointSecret,
      headers: { 'X-Token': secrets.headerValue },
    },
    asTenant(),
  );
  expect(created.status).toBe(201);
  const first = await submit({ ...chat(secrets.prompt), webhook }, asTenant());
  const others = await Promise.all([
    submit(
      { type: 'workflow', app: 'flow', input: { inputs: { topic: secrets.workflowInput } } },
      asTenant(),
    ),
    submit({ type: 'batch', input: { requests: [chat(secrets.batchInput)] } }, asTenant()),
  ]);
  const jobs = await Promise.all([first, ...others].map(({ id }) => ended(id)));
  expect(jobs.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
  const again = await submit(chat(secrets.prompt), asTenant());
  expect(await ended(again.id)).toMatchObject({
    cache: { status: 'hit' },
    result: jobs[0]?.result,
  });
  await waitFor(() => hook.requests.length === 5);
  for (const { path, rawBody, headers } of hook.requests) {
    const secret = path === '/job' ? secrets.jobSecret : secrets.endpointSecret;
    new Webhook(secret).verify(rawBody.toString(), headers as Record<string, string>);
    if (path === '/endpoint') expect(headers['x-token']).toBe(secrets.headerValue);
  }
  const stored = await everything();
  expect(stored).toContain(first.id);
  const answers = jobs.slice(0, 1).map(({ result }) => JSON.stringify(result).slice(1, 60));
  for (const text of [...Object.values(secrets), ...answers]) {
    expect({ text, found: stored.includes(text) }).toEqual({ text, found: false });
  }
});

test('a tenant that is erased leaves nothing that anybody can read', async () => {
  const { submit, request } = stack();
  const job = await submit(chat(secrets.prompt), asTenant());
  await ended(job.id);
  const rotated = await request('POST', '/v1/admin/tenants/acme/rotate-data-key');
  expect(rotated).toMatchObject({ status: 200, body: { data_key_rotated: true } });
  expect((await ended(job.id)).result).toBeDefined();
  expect((await redis.keys('*data-keys:acme')).length).toBe(1);
  expect(await request('DELETE', '/v1/admin/tenants/acme')).toMatchObject({ status: 200 });
  expect(await redis.keys('*data-keys:acme')).toEqual([]);
  // Whoever has the admin key, and all of Redis, has ciphertext.
  const stored = await redis.hgetall((await redis.keys(`*/job:${job.id}`))[0] ?? '');
  expect(stored['input']).toMatch(/^~s1~/);
  expect(stored['result']).toMatch(/^~s1~/);
});
