import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

import { defaultConfig, startStack } from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

test('Redis full to the brim: what runs ends, what waits stays, nothing is bought twice, and room is all it takes to go on', async () => {
  const stack = await startStack({
    workers: 1,
    config: (addresses) => {
      const config = defaultConfig(addresses);
      const providers = config['providers'] as Record<string, object>;
      const limits = { concurrency: 2 };
      return { ...config, providers: { ...providers, openai: { ...providers['openai'], limits } } };
    },
  });
  const admin = new Redis(stack.redis.url);
  onTestFinished(() => admin.disconnect());
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 15 });
  const jobs = await Promise.all(
    Array.from({ length: 6 }, (_, i) => stack.submit(chat(`number ${i}`))),
  );
  const stateOf = async ({ id }: { id: string }) =>
    ((await stack.request('GET', `/v1/jobs/${id}`)).body as JobView).state;
  const ended = async () =>
    (await Promise.all(jobs.map(stateOf))).filter((state) => state === 'completed').length;
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 10_000 })
    .toBe(2);
  await admin.config('SET', 'maxmemory', '1mb');

  await expect
    .poll(() => stack.request('POST', '/v1/jobs', chat('one too many')))
    .toMatchObject({ status: 503, body: { error: { code: 'overloaded' } } });
  await expect.poll(ended, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
  // Longer than a lock lives: what can be lost by a full Redis is lost by now.
  await sleep(12_000);
  await admin.config('SET', 'maxmemory', '0');

  const all = await Promise.all(jobs.map(({ id }) => stack.ended(id, 40_000)));
  expect(all.map(({ state }) => state)).toEqual(jobs.map(() => 'completed'));
  expect(await stack.simulator.bought('chat')).toBe(jobs.length);
  expect((await stack.request('POST', '/v1/jobs', chat('room again'))).status).toBe(202);
}, 90_000);
