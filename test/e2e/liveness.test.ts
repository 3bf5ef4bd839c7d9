import { test } from 'vitest';

import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startStack } from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

test.concurrent('a worker that takes nothing although there is work ends with 1, and the one in its place does the work', async ({
  expect: expectHere,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 0 }, onTestFinished);
  const worker = await stack.addWorker({ file: 'test/support/stuck-worker.ts' });
  const { id } = await stack.submit(chat('waits'));
  expectHere(await worker.exited).toBe(1);
  expectHere(worker.output()).toContain('no ticket of lane openai in shard 0 was taken');
  await stack.addWorker();
  expectHere(await stack.ended(id)).toMatchObject({ state: 'completed' });
}, 90_000);

test.concurrent('connections that die without a word are replaced, and the worker goes on', async ({
  expect: expectHere,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 0 }, onTestFinished);
  const proxy = await startTcpProxy(stack.redis.port);
  onTestFinished(() => proxy.close());
  const url = new URL(stack.redis.userUrl);
  url.port = String(proxy.port);
  const worker = await stack.addWorker({ environment: { REDIS_URL: url.href } });
  const first = await stack.submit(chat('before'));
  expectHere(await stack.ended(first.id)).toMatchObject({ state: 'completed' });
  proxy.strand();
  const second = await stack.submit(chat('after'));
  expectHere(await stack.ended(second.id, 45_000)).toMatchObject({ state: 'completed' });
  expectHere(worker.output()).toContain('has died without a word');
  worker.kill('SIGTERM');
  expectHere(await worker.exited).toBe(0);
}, 120_000);
