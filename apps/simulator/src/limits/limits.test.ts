import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { createSeededRandom } from '../behaviour/seeded-random.ts';
import { systemClock } from '../clock.ts';
import { chat, chatBody, startSimulator } from '../test-client.ts';

const CHAT = '/openai/v1/chat/completions';
const RUN = '/dify/v1/workflows/run';

describe('request limits', () => {
  test('answer the call too many with 429, the wait and the vendor body', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ requests: [{ limit: 2, windowMs: 60_000 }] });
    expect((await chat(client)).status).toBe(200);
    const second = await chat(client);
    expect(second.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(second.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(second.headers.get('x-ratelimit-reset-requests')).toMatch(/^(59\.\d+s|1m0s)$/u);
    const third = await chat(client);
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toBe('60');
    const waitMs = Number(third.headers.get('retry-after-ms'));
    expect(waitMs).toBeGreaterThan(55_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await third.json()).toEqual({
      error: {
        message: expect.stringMatching(
          /^Rate limit reached for sim-chat in organization org-simulator on requests per min \(RPM\): Limit 2, Used 2, Requested 1\. Please try again in (59\.\d+s|1m0s)\.$/u,
        ),
        type: 'requests',
        param: null,
        code: 'rate_limit_exceeded',
      },
    });
    expect(client.entries().map(({ outcome }) => outcome)).toEqual(['bought', 'bought', 'limited']);
  });

  test('hold for several windows at once', async () => {
    let passedMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
    const client = await startSimulator({ clock });
    client.simulator.state.limits.set({
      requests: [
        { limit: 10, windowMs: 60_000 },
        { limit: 1, windowMs: 30_000 },
      ],
      countLimited: false,
    });
    expect((await chat(client)).status).toBe(200);
    const limited = await chat(client);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after-ms'))).toBeLessThanOrEqual(30_000);
    passedMs = 30_000;
    expect((await chat(client)).status).toBe(200);
  });

  test('count refused calls too unless told otherwise', async () => {
    const client = await startSimulator();
    const { limits } = client.simulator.state;
    limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    await chat(client);
    await chat(client);
    expect(limits.for('key-1').admit(performance.now(), 0)?.used).toBe(2);
    limits.set({ requests: [{ limit: 1, windowMs: 60_000 }], countLimited: false });
    await chat(client);
    await chat(client);
    expect(limits.for('key-1').admit(performance.now(), 0)?.used).toBe(1);
  });

  test('are counted apart for every key, and may differ', async () => {
    const client = await startSimulator();
    const requests = (limit: number) => [{ limit, windowMs: 60_000 }];
    client.simulator.state.limits.set({ requests: requests(1) });
    client.simulator.state.limits.set({ scope: 'big', requests: requests(3) });
    const statuses = async (key: string) => [
      (await chat(client, { key })).status,
      (await chat(client, { key })).status,
    ];
    expect(await statuses('a')).toEqual([200, 429]);
    expect(await statuses('b')).toEqual([200, 429]);
    expect(await statuses('big')).toEqual([200, 200]);
  });

  test('do not touch calls that cost nothing', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    for (let call = 0; call < 3; call += 1) {
      expect((await client.get('/openai/v1/models')).status).toBe(200);
    }
    expect((await chat(client)).status).toBe(200);
  });

  test('slide: random arrivals are admitted exactly when the last window has room', async () => {
    const client = await startSimulator();
    const limit = 5;
    const windowMs = 150;
    client.simulator.state.limits.set({ requests: [{ limit, windowMs }], countLimited: false });
    const random = createSeededRandom(20_261_121);
    const calls: Promise<unknown>[] = [];
    for (let call = 0; call < 120; call += 1) {
      calls.push(chat(client).then((response) => response.arrayBuffer()));
      // Bursts and pauses: half of the calls follow at once.
      const gapMs = random() < 0.5 ? 0 : random() * 40;
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
    await Promise.all(calls);
    const admitted: number[] = [];
    for (const { atMs, outcome } of client.entries()) {
      const inside = admitted.filter((at) => atMs - at < windowMs).length;
      expect({ atMs, outcome }).toEqual({ atMs, outcome: inside < limit ? 'bought' : 'limited' });
      if (outcome === 'bought') admitted.push(atMs);
    }
    const summary = await client.summary(`?windowMs=${windowMs}`);
    expect(summary.peak.admitted).toBe(limit);
    expect(summary.outcomes.limited).toBeGreaterThan(0);
    expect(summary.outcomes.bought + summary.outcomes.limited).toBe(120);
  });
});

describe('token limits', () => {
  test('charge max(max_tokens, input) at admission and give nothing back', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ tokens: [{ limit: 100, windowMs: 60_000 }] });
    const first = await client.post(CHAT, chatBody('x'.repeat(40), { max_tokens: 60 }));
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('100');
    expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('40');
    const second = await client.post(CHAT, chatBody('x'.repeat(80)));
    expect(second.headers.get('x-ratelimit-remaining-tokens')).toBe('20');
    const third = await client.post(CHAT, chatBody('x'.repeat(84)));
    expect(third.status).toBe(429);
    expect((await third.json()).error).toMatchObject({
      type: 'tokens',
      message: expect.stringContaining(
        'on tokens per min (TPM): Limit 100, Used 80, Requested 21.',
      ),
    });
    expect(client.entries().map((entry) => entry.reservedTokens)).toEqual([60, 20, 21]);
  });

  test('refuse for ever what is larger than the limit, without a wait', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ tokens: [{ limit: 100, windowMs: 60_000 }] });
    const response = await client.post(CHAT, chatBody('hi', { max_completion_tokens: 101 }));
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBeNull();
    expect((await response.json()).error.message).toContain('Request too large');
  });
});

describe('slices and sides', () => {
  test('a slice longer than its window is refused', async () => {
    const client = await startSimulator();
    const requests = [{ limit: 6, windowMs: 1000, sliceMs: 2000 }];
    expect(() => client.simulator.state.limits.set({ requests })).toThrow('sliceMs');
  });

  test('a slice gets its share of the limit, rounded up', async () => {
    const client = await startSimulator();
    const { limits } = client.simulator.state;
    limits.set({ requests: [{ limit: 7, windowMs: 60_000, sliceMs: 10_000 }] });
    const limiter = limits.for('key-1');
    const violations = [0, 1, 2].map((second) => limiter.admit(second * 1000, 0));
    expect(violations[2]).toMatchObject({ dimension: 'requests', limit: 2, windowMs: 10_000 });
    expect(limiter.gauges(2000).requests).toMatchObject({ limit: 7, remaining: 4 });
  });

  test('limits of input and output hold only where they are told apart', async () => {
    const client = await startSimulator();
    const one = [{ limit: 1, windowMs: 60_000 }];
    client.simulator.state.limits.set({ inputTokens: one, outputTokens: one });
    const statuses = [(await chat(client)).status, (await chat(client)).status];
    expect(statuses).toEqual([200, 200]);
  });

  test('output is charged when it is produced, beyond the limit if need be', async () => {
    const client = await startSimulator();
    const { limits } = client.simulator.state;
    limits.set({ outputTokens: [{ limit: 10, windowMs: 60_000 }] });
    const limiter = limits.for('key-1');
    expect(limiter.admit(0, 0, 0)).toBeUndefined();
    limiter.chargeOutput(5000, 25);
    expect(limiter.admit(6000, 0, 0)).toMatchObject({
      dimension: 'outputTokens',
      used: 25,
      waitMs: 59_000,
    });
    expect(limiter.admit(65_000, 0, 0)).toBeUndefined();
  });
});

describe('concurrency limits', () => {
  test('refuse a call while as many are open, and free the slot at its end', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: 100 });
    const first = chat(client);
    await waitFor(() => client.entries().some(({ reservedTokens }) => reservedTokens > 0));
    const second = await chat(client);
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(200);
    expect((await chat(client)).status).toBe(200);
    expect((await client.summary()).maxConcurrency).toBe(1);
  });

  test('free the slot of a client that leaves', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: 60_000 });
    const leaving = new AbortController();
    const first = chat(client, { signal: leaving.signal }).catch(() => 'left');
    await waitFor(() => client.entries().some(({ reservedTokens }) => reservedTokens > 0));
    leaving.abort();
    expect(await first).toBe('left');
    client.simulator.state.behaviour.set({});
    await waitFor(async () => (await chat(client)).status === 200);
  });

  test('outlive a change of the limits', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ latencyMs: 60_000 });
    const leaving = new AbortController();
    const first = chat(client, { signal: leaving.signal }).catch(() => 'left');
    await waitFor(() => client.entries().some(({ reservedTokens }) => reservedTokens > 0));
    client.simulator.state.limits.set({ concurrency: 1 });
    expect((await chat(client)).status).toBe(429);
    leaving.abort();
    expect(await first).toBe('left');
  });

  test('of a Dify app name the number, send no Retry-After, and last as long as the run', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 2 });
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60_000 } });
    const key = 'app-1';
    const body = { inputs: {}, user: 'u', response_mode: 'streaming' };
    for (const _ of [1, 2]) {
      const run = await client.post(RUN, body, { key });
      await run.body?.cancel();
    }
    const refused = await client.post(RUN, body, { key });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(await refused.json()).toEqual({
      code: 'too_many_requests',
      message:
        'Too many requests. Please try again later. The current maximum concurrent requests allowed is 2.',
      status: 429,
    });
  });

  test('of requests at a Dify app are a quota of the plan', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    const call = () => client.post(RUN, { inputs: {}, user: 'u' }, { key: 'app-1' });
    expect((await call()).status).toBe(200);
    expect(await (await call()).json()).toMatchObject({ code: 'rate_limit_error', status: 429 });
  });
});
