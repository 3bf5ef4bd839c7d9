import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { EndpointView } from '@sluice/contracts';
import { startReceiver, waitFor, type Receiver } from '@sluice/testing';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, test } from 'vitest';

import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

/** What nobody may find, each by the place where it was put in. */
const secrets = {
  providerKey: 'canary-provider-key-1f3a',
  appKey: 'app-canary-1f3b',
  jobSecret: `whsec_${Buffer.from('canary-of-a-job-webhook-1f3c').toString('base64')}`,
  endpointSecret: `whsec_${Buffer.from('canary-of-an-endpoint-1f3d').toString('base64')}`,
  headerValue: 'canary-header-value-1f3e',
  authorization: 'Bearer canary-authorization-1f3f',
  urlQuery: 'canary-url-query-1f40',
  prompt: 'canary-prompt-1f41',
  system: 'canary-system-prompt-1f42',
  workflowInput: 'canary-workflow-input-1f43',
  batchInput: 'canary-batch-input-1f45',
  wrongKey: 'canary-wrong-api-key-1f46',
  refusedInput: 'canary-refused-input-1f47',
  upstreamError: 'canary-upstream-error-1f48',
  receiverReply: 'canary-receiver-reply-1f49',
};

const stack = useStack({
  environment: { SLUICE_LOG_LEVEL: 'debug' },
  config: (addresses) => {
    const { providers, ...rest } = defaultConfig(addresses) as {
      providers: Record<'openai' | 'dify', object>;
    };
    return {
      ...rest,
      providers: { ...providers, openai: { ...providers.openai, apiKey: secrets.providerKey } },
      apps: { flow: { provider: 'dify', apiKey: secrets.appKey } },
      webhooks: { scheduleSeconds: [0, 0.2, 600], timeoutSeconds: 1 },
    };
  },
});

let hook: Receiver;
let redis: Redis;
/** Every command that any process sent to Redis, by MONITOR. */
const commands: string[] = [];
/** Made by the API, so known only later. */
const issued: Record<string, string> = {};

beforeAll(async () => {
  hook = await startReceiver();
  redis = new Redis(stack().redis.url);
  const monitor = await monitorRedis(stack().redis.url);
  return async () => {
    monitor.destroy();
    redis.disconnect();
    await hook.close();
  };
});

/** On a plain socket: ioredis loses its place where commands come in one piece with the answer to MONITOR. */
async function monitorRedis(url: string): Promise<Socket> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  const monitoring = once(socket, 'data');
  socket.on('data', (text: string) => commands.push(text));
  socket.write(`AUTH ${username || 'default'} ${decodeURIComponent(password)}\r\nMONITOR\r\n`);
  expect(await monitoring).toEqual([expect.stringMatching(/^\+OK\r\n/)]);
  return socket;
}

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: {
    messages: [
      { role: 'system', content: secrets.system },
      { role: 'user', content },
    ],
  },
  webhook: { url: `${hook.url}/job?token=${secrets.urlQuery}`, secret: secrets.jobSecret },
});

/** The text of every key in which BullMQ keeps something: `{sluice:<shard>}:…`. */
async function bullmqText(): Promise<string> {
  const keys = (await redis.keys('*')).filter((key) => /^\{[^}]+\}:/.test(key));
  const read = keys.map(async (key) => JSON.stringify([key, await valueOf(key)]));
  return (await Promise.all(read)).join('\n');
}

async function valueOf(key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return await redis.get(key);
    case 'hash':
      return await redis.hgetall(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'set':
      return await redis.smembers(key);
    case 'zset':
      return await redis.zrange(key, '0', '-1');
    case 'stream':
      return await redis.xrange(key, '-', '+');
    default:
      return undefined;
  }
}

/** What Bull Board tells its page: every queue with the jobs of every state. */
async function boardText(): Promise<string> {
  const { body } = await stack().request('GET', '/admin/queues/api/queues');
  const { queues } = body as { queues: { name: string }[] };
  const pages = queues.flatMap(({ name }) =>
    ['latest', 'delayed', 'failed', 'completed', 'prioritized'].map(
      (status) => `/admin/queues/api/queues?activeQueue=${name}&status=${status}&jobsPerPage=50`,
    ),
  );
  const replies = await Promise.all(pages.map((page) => stack().request('GET', page)));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
  return JSON.stringify(replies.map((reply) => reply.body));
}

const found = (text: string) =>
  Object.entries({ ...secrets, ...issued }).flatMap(([name, secret]) =>
    spellings(secret).some((spelling) => text.includes(spelling)) ? [name] : [],
  );

/** As it is, and as it would stand in base64 at the start of something. */
const spellings = (secret: string) => [
  secret,
  Buffer.from(secret).toString('base64').replace(/.?=*$/, ''),
];

/** Puts every secret in through every door that takes one. */
async function useEverySecret(): Promise<void> {
  const post = async (path: string, body?: unknown, headers?: Record<string, string>) =>
    await stack().request('POST', path, body, headers);
  await post('/v1/admin/tenants', { id: 'acme' });
  const { body: key } = await post('/v1/admin/keys', {
    tenant_id: 'acme',
    scopes: ['submit', 'read', 'webhooks'],
  });
  issued['tenantKey'] = (key as { key: string }).key;
  issued['adminKey'] = adminKey;
  const tenant = { authorization: `Bearer ${issued['tenantKey']}` };
  const endpoint = {
    url: `${hook.url}/endpoint?token=${secrets.urlQuery}`,
    secret: secrets.endpointSecret,
    headers: { 'X-Team-Token': secrets.headerValue },
  };
  for (const headers of [undefined, tenant]) {
    expect((await post('/v1/webhooks', endpoint, headers)).status).toBe(201);
  }
  const refused = { ...endpoint, headers: { Authorization: secrets.authorization } };
  expect((await post('/v1/webhooks', refused)).status).toBe(400);
  const wrong = { authorization: `Bearer ${secrets.wrongKey}` };
  expect((await post('/v1/jobs', chat(secrets.prompt), wrong)).status).toBe(401);
  const unknown = { ...chat(secrets.refusedInput), [secrets.refusedInput]: secrets.refusedInput };
  expect((await post('/v1/jobs', unknown)).status).toBe(400);
  const workflow = {
    type: 'workflow',
    app: 'flow',
    input: { inputs: { topic: secrets.workflowInput } },
  };
  // What the upstream says, word for word, goes into the result and nowhere else.
  await stack().submit({ ...chat(secrets.prompt), include_raw: true }, tenant);
  await stack().submit(chat(secrets.prompt));
  await stack().submit(workflow);
  const child = { ...chat(secrets.batchInput), webhook: undefined };
  await stack().submit({ type: 'batch', input: { requests: [child] } });
}

describe('a secret, a prompt or a key', () => {
  let boards = '';
  let queues = '';

  beforeAll(async () => {
    // The first call fails in the upstream's own words, the receiver echoes and refuses: both write the longest logs.
    const body = { error: { message: secrets.upstreamError, type: 'invalid_request_error' } };
    await stack().simulator.fault({
      match: { kind: 'chat' },
      fault: { kind: 'status', status: 400, body },
    });
    hook.otherwise({ status: 500, body: secrets.receiverReply });
    for (const lane of ['openai', 'dify']) {
      await stack().request('POST', `/v1/limits/${lane}/pause`);
    }
    await useEverySecret();
    boards = await boardText();
    queues = await bullmqText();
    for (const lane of ['openai', 'dify']) {
      await stack().request('POST', `/v1/limits/${lane}/resume`);
    }
    await waitFor(() => hook.requests.length >= 12, { timeoutMs: 15_000 });
    const listed = await stack().request('GET', '/v1/webhooks');
    const { data } = listed.body as { data: EndpointView[] };
    await stack().request('POST', `/v1/webhooks/${data[0]!.id}/test`);
    boards += await boardText();
    queues += await bullmqText();
  }, 60_000);

  test('was put in and has arrived where it belongs', () => {
    const sent = JSON.stringify(hook.requests);
    expect(sent).toContain(secrets.headerValue);
    expect(sent).toContain(secrets.urlQuery);
    expect(commands.join('')).toContain(secrets.prompt);
    expect(queues).toContain('job_');
    expect(queues).toContain('upstream_invalid_request');
    expect(boards).toContain('job_');
  });

  test('is in no key of BullMQ', () => {
    expect(found(queues)).toEqual([]);
  });

  test('is not in what Bull Board tells its page', () => {
    expect(found(boards)).toEqual([]);
  });

  test('is in no metric', async () => {
    const { status, body } = await stack().request('GET', '/metrics');
    expect(status).toBe(200);
    expect(found(String(body))).toEqual([]);
  });

  test('is not in the logs of API and worker, at debug', () => {
    const logs = [stack().api, ...stack().workers].map((child) => child.output()).join('\n');
    expect(logs).toContain('"level":20');
    expect(found(logs)).toEqual([]);
  });

  test('that opens a door never came near Redis', () => {
    const text = commands.join('');
    const keys = new Set(['tenantKey', 'adminKey', 'wrongKey', 'providerKey', 'appKey']);
    expect(found(text).filter((name) => keys.has(name))).toEqual([]);
    expect(found(text)).toContain('prompt');
  });
});
