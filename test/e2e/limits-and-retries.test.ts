import { expect, test } from 'vitest';

import { defaultConfig, startStack, useStack, type Stack } from '../support/start-stack.ts';

/** Beside the usual model one with a key of its own, for what may happen to a key. */
const shared = useStack({
  workers: 2,
  config: (addresses) => {
    const { providers, models, ...rest } = defaultConfig(addresses);
    const { openai } = providers as Record<string, object>;
    return {
      ...rest,
      providers: { ...(providers as object), other: { ...openai, apiKey: 'other-key' } },
      models: { ...(models as object), other: { targets: ['other/sim-chat'] } },
    };
  },
});

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

const pacings = ['smooth', 'burst'];

function limited(limits: Record<string, unknown>) {
  return (addresses: { simulatorUrl: string }) => {
    const config = defaultConfig(addresses);
    const providers = config['providers'] as Record<string, Record<string, unknown>>;
    return { ...config, providers: { ...providers, openai: { ...providers['openai'], limits } } };
  };
}

async function submitMany(stack: Stack, count: number): Promise<string[]> {
  const jobs = await Promise.all(
    Array.from({ length: count }, (_, i) => stack.submit(chat(`number ${i}`))),
  );
  return jobs.map(({ id }) => id);
}

/** The most arrivals in any half-open window of `windowMs`. */
function peak(atMs: readonly number[], windowMs: number): number {
  const sorted = atMs.toSorted((a, b) => a - b);
  let oldest = 0;
  let most = 0;
  sorted.forEach((newest, i) => {
    while (newest - (sorted[oldest] ?? 0) >= windowMs) oldest += 1;
    most = Math.max(most, i - oldest + 1);
  });
  return most;
}

test('two workers stay below a lane’s limit in every sliding window, and use it', async () => {
  const windowMs = 6_000;
  const limit = 24;
  const windows = 2;
  const stack = await startStack({
    workers: 2,
    config: ({ simulatorUrl }) => ({
      providers: Object.fromEntries(
        [...pacings, 'warm-up'].map((name) => [
          name,
          {
            kind: 'openai-compatible',
            baseUrl: `${simulatorUrl}/openai/v1`,
            apiKey: name,
            limits: pacings.includes(name)
              ? {
                  pacing: name,
                  buckets: [{ unit: 'requests', limit, windowSeconds: windowMs / 1_000 }],
                }
              : {},
          },
        ]),
      ),
      models: Object.fromEntries(
        [...pacings, 'warm-up'].map((name) => [name, { targets: [`${name}/sim-chat`] }]),
      ),
    }),
  });
  // The limit is kept where calls leave; the very first ones of cold processes would be long on their way.
  const first = await Promise.all(
    Array.from({ length: 40 }, () => stack.submit({ ...chat('warm'), model: 'warm-up' })),
  );
  await Promise.all(first.map(({ id }) => stack.ended(id)));
  const count = limit * windows;
  const jobs = await Promise.all(
    pacings.flatMap((model) =>
      Array.from({ length: count }, (_, i) => stack.submit({ ...chat(`number ${i}`), model })),
    ),
  );
  await Promise.all(jobs.map(({ id }) => stack.ended(id, 60_000)));

  const calls = await stack.simulator.calls('chat');
  for (const pacing of pacings) {
    const arrivals = calls
      .filter(({ key }) => key === pacing)
      .map(({ atMs }) => atMs)
      .toSorted((a, b) => a - b);
    expect(arrivals).toHaveLength(count);
    expect({ pacing, peak: peak(arrivals, windowMs) }).toEqual({
      pacing,
      peak: expect.toSatisfy((most: number) => most <= limit),
    });
    // What a limiter without any loss would have let through in the same time: with bursts, a whole window at once. On a
    // quiet machine 95 % and more of it are used; the rest of the bound is for busy ones, whose workers wake late.
    const spanMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
    const possible = (spanMs * limit) / windowMs + (pacing === 'burst' ? limit : 0);
    expect({ pacing, used: count / possible }).toEqual({
      pacing,
      used: expect.toSatisfy((used: number) => used >= 0.8),
    });
  }
}, 90_000);

test('two workers never have more calls open than the lane’s concurrency', async () => {
  const stack = await startStack({ workers: 2, config: limited({ concurrency: 3 }) });
  await stack.simulator.behaviour({ latencyMs: 60, firstByteMs: 60 });
  const ids = await submitMany(stack, 40);
  await Promise.all(ids.map((id) => stack.ended(id)));
  const calls = await stack.simulator.calls('chat');
  expect(calls).toHaveLength(40);
  const edges = calls
    .flatMap(({ atMs, durationMs }) => [
      { atMs, step: 1 },
      { atMs: atMs + (durationMs ?? 0), step: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.step - b.step);
  let open = 0;
  let most = 0;
  for (const { step } of edges) most = Math.max(most, (open += step));
  expect(most).toBe(3);
});

test.each([
  ['seconds', { retryAfterSeconds: 1 }],
  ['a date', { retryAfterDateInMs: 2_000 }],
])(
  'a 429 with Retry-After in %s closes the lane for both workers and burns no attempt',
  async (_form, fault) => {
    const stack = shared();
    await stack.simulator.fault({ times: 1, fault: { kind: 'status', status: 429, ...fault } });
    const first = await stack.submit(chat('first'));
    await expect.poll(async () => (await stack.simulator.calls('chat')).length).toBe(1);
    const closedAtMs = (await stack.simulator.calls('chat'))[0]?.atMs ?? 0;
    await expect
      .poll(async () => (await stack.request('GET', `/v1/jobs/${first.id}`)).body)
      .toMatchObject({ state: 'queued', waiting_on: { limit: 'upstream 429', scope: 'lane' } });
    const ids = [first.id, ...(await submitMany(stack, 10))];
    const jobs = await Promise.all(ids.map((id) => stack.ended(id)));

    for (const job of jobs)
      expect(job).toMatchObject({ state: 'completed', attempts: [{ number: 1 }] });
    const calls = (await stack.simulator.calls('chat')).toSorted((a, b) => a.atMs - b.atMs);
    expect(calls).toHaveLength(12);
    // A date has whole seconds: at least one of the two is left.
    for (const { atMs } of calls.slice(1)) expect(atMs - closedAtMs).toBeGreaterThanOrEqual(950);
  },
);

test('503s and cut connections are tried again with a pause; each attempt is in the record', async () => {
  const stack = shared();
  await stack.simulator.fault(
    { fault: { kind: 'status', status: 503 } },
    { fault: { kind: 'reset' } },
  );
  const job = await stack.ended((await stack.submit(chat('keep trying'))).id);
  expect(job.state).toBe('completed');
  expect(job.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
    [1, 'failed'],
    [2, 'failed'],
    [3, 'succeeded'],
  ]);
});

test('attempts are bounded, and the last error is the job’s', async () => {
  const stack = shared();
  await stack.simulator.fault({ times: 50, fault: { kind: 'status', status: 500 } });
  const job = await stack.ended((await stack.submit(chat('hopeless'))).id);
  expect(job).toMatchObject({ state: 'failed', error: { upstreamStatus: 500, retryable: true } });
  expect(job.attempts).toHaveLength(4);
});

test.each([
  [400, 'upstream_invalid_request', 'chat'],
  // It parks the key, which later tests would miss.
  [401, 'upstream_auth', 'other'],
  [404, 'upstream_not_found', 'chat'],
])('a %d fails at once as %s', async (status, code, model) => {
  const stack = shared();
  await stack.simulator.fault({ times: 10, fault: { kind: 'status', status } });
  const job = await stack.ended((await stack.submit({ ...chat('wrong'), model })).id);
  expect(job).toMatchObject({ state: 'failed', error: { code } });
  expect(await stack.simulator.calls('chat')).toHaveLength(1);
});

test('a job that cannot start in time expires unspent', async () => {
  const stack = await startStack({ config: limited({ requestsPerMinute: 1 }) });
  await stack.ended((await stack.submit(chat('takes the only permit'))).id);
  const job = await stack.ended((await stack.submit({ ...chat('late'), max_wait_seconds: 1 })).id);
  expect(job).toMatchObject({ state: 'expired', error: { code: 'expired' }, attempts: [] });
  expect(await stack.simulator.calls('chat')).toHaveLength(1);
});
