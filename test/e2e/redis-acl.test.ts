import { readFile } from 'node:fs/promises';

import { startReceiver, waitFor } from '@sluice/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

const stack = useStack();

const chat = {
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content: 'Hello' }] },
};

/** Every stack of the tests runs as the user of `deploy/redis`, and none may be denied anything: see `useStack`. */
test('the Redis user that is shipped may do all that Sluice does', async () => {
  const hook = await startReceiver();
  onTestFinished(() => hook.close());
  const { request, submit, ended } = stack();
  await request('POST', '/v1/webhooks', { url: hook.url });
  const jobs = await Promise.all([
    submit(chat, { 'Idempotency-Key': 'once' }),
    submit({ type: 'workflow', app: 'flow', input: { inputs: {} } }),
    submit({ type: 'batch', input: { requests: [chat, chat] } }),
    submit({ ...chat, delay_seconds: 1 }),
  ]);
  const states = await Promise.all(jobs.map(async ({ id }) => (await ended(id)).state));
  expect(states).toEqual(['completed', 'completed', 'completed', 'completed']);
  await waitFor(() => hook.requests.length >= jobs.length);
  await request('POST', '/v1/limits/openai/pause');
  await request('POST', '/v1/limits/openai/resume');
  const later = await submit({ ...chat, delay_seconds: 600 });
  expect(await request('POST', `/v1/jobs/${later.id}/cancel`)).toMatchObject({ status: 200 });
  for (const path of [
    '/v1/jobs',
    '/v1/limits',
    '/v1/providers',
    '/v1/models',
    '/v1/webhooks',
    '/v1/admin/keys',
    '/metrics',
    '/readyz',
    '/admin/queues/api/queues?activeQueue=openai&status=latest',
    '/admin/queues/api/redis/stats',
  ]) {
    const reply = await request('GET', path);
    expect({ path, status: reply.status }).toEqual({ path, status: 200 });
  }
});

test('and nothing that would harm others', async () => {
  const user = new Redis(stack().redis.userUrl);
  onTestFinished(() => user.disconnect());
  for (const command of [
    ['FLUSHALL'],
    ['KEYS', '*'],
    ['SCAN', '0'],
    ['CONFIG', 'GET', '*'],
    ['SHUTDOWN'],
    ['REPLICAOF', 'NO', 'ONE'],
    ['MODULE', 'LIST'],
    ['FUNCTION', 'LIST'],
    ['ACL', 'LIST'],
    ['MONITOR'],
    ['GET', 'other:key'],
    ['SET', 'sluicex', '1'],
    ['EVAL', "return redis.call('GET', KEYS[1])", '1', 'other:key'],
    ['SUBSCRIBE', 'other'],
  ] as const) {
    const [name, ...rest] = command;
    const refused = await user.call(name, ...rest).catch((error: unknown) => error);
    expect({ command, error: String(refused) }).toMatchObject({
      error: expect.stringMatching(/NOPERM|No permissions|can't access/i),
    });
  }
  const admin = new Redis(stack().redis.url);
  onTestFinished(() => admin.disconnect());
  await admin.call('ACL', 'LOG', 'RESET');
});

test('a Redis with vector sets gets the same user, who may use them too', async () => {
  const read = (file: string) =>
    readFile(new URL(`../../deploy/redis/${file}`, import.meta.url), 'utf8');
  const known = await read('users.acl');
  const more = await read('users-with-vector-sets.acl');
  expect(more).toBe(known.replace(/\n$/, ' +vadd +vsim +vrem +vgetattr\n'));
});
