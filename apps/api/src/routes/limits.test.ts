import { expect, test } from 'vitest';

import { createLimits } from '@sluice/limits';
import { systemClock } from '@sluice/runtime';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi, type TestApi } from '../testing/start-test-api.ts';

const bucket = {
  unit: 'requests',
  limit: 10,
  windowMs: 60_000,
  pacing: 'burst',
} as const;

async function startLimitedApi(): Promise<TestApi> {
  return await startTestApi((config) => {
    const lane = { name: 'chat-lane', buckets: [bucket], concurrency: 4 };
    return { ...config, lanes: { ...config.lanes, 'chat-lane': lane } };
  });
}

async function send(api: TestApi, method: string, path: string, body?: unknown) {
  const json = body !== undefined && {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  return await api.call(path, { method, ...json });
}

async function chatLane(api: TestApi): Promise<unknown> {
  const { data } = (await (await api.call('/v1/limits')).json()) as { data: { id: string }[] };
  return data.find(({ id }) => id === 'chat-lane');
}

test('shows what each lane has used, that it is open, and what waits in it', async () => {
  const api = await startLimitedApi();
  const { redis, config } = api;
  const limits = createLimits({ redis, root: config.root, clock: systemClock });
  const lane = config.lanes['chat-lane']!;
  await limits.acquire(lane, { requests: 3 });
  await api.accepted({
    type: 'chat',
    model: 'test-chat',
    input: { messages: [{ role: 'user', content: 'hi' }] },
  });
  expect(await chatLane(api)).toEqual({
    id: 'chat-lane',
    object: 'lane',
    state: 'open',
    buckets: [
      {
        unit: 'requests',
        limit: 10,
        window_seconds: 60,
        pacing: 'burst',
        used: 3,
        remaining: 7,
        resets_at: expect.stringMatching(/Z$/),
      },
    ],
    // The call that has a permit, though no ticket is at work.
    concurrency: { limit: 4, in_flight: 1 },
    circuit_breakers: [],
    tickets: { waiting: 1, delayed: 0 },
  });
  await limits.penalize(lane, 5_000, 'the upstream answered 429');
  expect(await chatLane(api)).toMatchObject({
    state: 'closed',
    reason: 'the upstream answered 429',
    reopens_at: expect.stringMatching(/Z$/),
  });
});

test('a lane is paused, resumed, given other limits and its own ones back', async () => {
  const api = await startLimitedApi();
  const path = '/v1/limits/chat-lane';
  const paused = await send(api, 'POST', `${path}/pause`, { reason: 'the vendor asked' });
  expect(await paused.json()).toMatchObject({ state: 'paused', reason: 'the vendor asked' });
  expect(await (await send(api, 'POST', `${path}/resume`)).json()).toMatchObject({ state: 'open' });
  const reason = await (await send(api, 'POST', `${path}/pause`)).json();
  expect(reason).toMatchObject({ state: 'paused', reason: 'no reason given' });

  const overrides = { requestsPerMinute: 3, concurrency: null };
  expect(await (await send(api, 'PATCH', path, overrides)).json()).toMatchObject({
    state: 'paused',
    buckets: [{ limit: 3 }],
    concurrency: { limit: null },
    overrides,
  });
  const reset = await (await send(api, 'DELETE', path)).json();
  expect(reset).toMatchObject({ buckets: [{ limit: 10 }], concurrency: { limit: 4 } });
  expect(reset).not.toHaveProperty('overrides');
});

test('refuses unknown lanes and limits, and says which there are', async () => {
  const api = await startLimitedApi();
  const unknown = await send(api, 'POST', '/v1/limits/chat/pause');
  expect(await expectError(unknown, 404, 'not_found')).toMatchObject({
    message: 'there is no lane "chat"; known: chat-lane, app-lane',
  });
  const wrong = await send(api, 'PATCH', '/v1/limits/chat-lane', { requestsPerMinute: 0 });
  expect(await expectError(wrong, 400, 'invalid_request')).toMatchObject({
    param: 'requestsPerMinute',
  });
  const empty = await send(api, 'PATCH', '/v1/limits/chat-lane', {});
  await expectError(empty, 400, 'invalid_request');
});
