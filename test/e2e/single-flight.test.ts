import type { JobView } from '@sluice/contracts';
import { startReceiver } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { defaultConfig, startStack, useStack, type Stack } from '../support/start-stack.ts';

function config(addresses: { simulatorUrl: string }): Record<string, unknown> {
  const { models, ...rest } = defaultConfig(addresses);
  const { chat } = models as { chat: object };
  return {
    ...rest,
    models: { chat: { ...chat, cache: { ttlSeconds: 600 } } },
    worker: { concurrency: 20 },
  };
}

const chat = (content: string, more: Record<string, unknown> = {}) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

/** Many submits, a few at a time as clients do. */
async function submitMany(stack: Stack, body: unknown, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const size = Math.min(50, count - ids.length);
    const views = await Promise.all(Array.from({ length: size }, () => stack.submit(body)));
    ids.push(...views.map(({ id }) => id));
  }
  return ids;
}

async function endedAll(stack: Stack, ids: readonly string[], timeoutMs?: number) {
  const jobs: JobView[] = [];
  for (const id of ids) jobs.push(await stack.ended(id, timeoutMs));
  return jobs;
}

async function waitingFor(stack: Stack, count: number): Promise<void> {
  const waiting = async () => {
    const { body } = await stack.request('GET', `/v1/jobs?state=queued&limit=100`);
    // The API's own reply.
    const { data } = body as { data: JobView[] };
    return data.filter((job) => job.waiting_on?.limit === 'an equal job under way').length;
  };
  await expect.poll(waiting, { timeout: 20_000, interval: 250 }).toBeGreaterThanOrEqual(count);
}

describe('equal jobs under way', () => {
  const stack = useStack({ workers: 3, config });

  test('200 over three workers make one call, 200 results and 200 webhooks, and one of them pays', async () => {
    const receiver = await startReceiver();
    await stack().simulator.behaviour({ firstByteMs: 6_000 });
    const webhook = { url: `${receiver.url}/hook`, secret: `whsec_${'a'.repeat(32)}` };
    const body = chat('the same', { webhook, stream: true });
    const first = await submitMany(stack(), body, 50);
    await waitingFor(stack(), 20);
    const ids = [...first, ...(await submitMany(stack(), body, 150))];
    const jobs = await endedAll(stack(), ids);
    expect(jobs.every(({ state }) => state === 'completed')).toBe(true);
    expect(new Set(jobs.map(({ result }) => JSON.stringify(result))).size).toBe(1);
    expect(await stack().simulator.calls('chat')).toHaveLength(1);

    const payers = jobs.filter(({ cache }) => cache?.status === 'miss');
    expect(payers).toHaveLength(1);
    const [payer] = payers;
    const others = jobs.filter(({ cache }) => cache?.status === 'hit');
    expect(others).toHaveLength(199);
    for (const other of others) {
      expect(other).toMatchObject({ cost_usd: '0.000000', saved_usd: payer?.cost_usd });
      expect(other.attempts).toEqual([]);
    }
    expect(payer?.cost_usd).not.toBe('0.000000');

    await receiver.waitForRequests(200, 20_000);
    const told = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(new Set(told).size).toBe(200);
    await receiver.close();
  }, 60_000);

  test('a cancelled leader leaves the call to the next, who waits no longer than that takes', async () => {
    await stack().simulator.behaviour({ firstByteMs: 10_000 });
    const { id: leader } = await stack().submit(chat('cancelled'));
    await expect.poll(async () => (await stack().simulator.calls('chat')).length).toBe(1);
    const others = await submitMany(stack(), chat('cancelled'), 3);
    await waitingFor(stack(), 3);
    await stack().request('POST', `/v1/jobs/${others[0]}/cancel`);
    await stack().simulator.behaviour({ firstByteMs: 0 });
    await stack().request('POST', `/v1/jobs/${leader}/cancel`);
    const ended = await endedAll(stack(), [leader, ...others], 10_000);
    expect(ended.map(({ state }) => state)).toEqual([
      'cancelled',
      'cancelled',
      'completed',
      'completed',
    ]);
    const calls = await stack().simulator.calls('chat');
    expect(calls.map(({ outcome }) => outcome)).toEqual(['aborted', 'bought']);
  });

  test('a call that fails for good fails them all, and is not made again for each', async () => {
    // The first attempt hangs while the others come to wait for it; one that came later would lead a flight of its own.
    const match = { kind: 'chat' };
    await stack().simulator.fault({ match, fault: { kind: 'hang' }, times: 1 });
    await stack().simulator.fault({ match, fault: { kind: 'status', status: 500 }, times: 3 });
    await stack().request('POST', '/v1/limits/openai/pause', {});
    const ids = await submitMany(stack(), chat('an outage', { attempt_timeout_seconds: 8 }), 12);
    await stack().request('POST', '/v1/limits/openai/resume', {});
    await waitingFor(stack(), 11);
    const ended = await endedAll(stack(), ids);
    expect(new Set(ended.map(({ error }) => error?.code))).toEqual(new Set(['upstream_error']));
    // Four attempts of one job, as its retry policy says.
    expect(await stack().simulator.calls('chat')).toHaveLength(4);
  });

  test('a follower keeps its own deadline', async () => {
    await stack().simulator.behaviour({ firstByteMs: 4_000 });
    const leader = await stack().submit(chat('deadline'));
    await expect.poll(async () => (await stack().simulator.calls('chat')).length).toBe(1);
    const late = await stack().submit(chat('deadline', { max_wait_seconds: 0.5 }));
    expect(await stack().ended(late.id)).toMatchObject({ state: 'expired' });
    expect(await stack().ended(leader.id)).toMatchObject({ state: 'completed' });
    expect(await stack().simulator.calls('chat')).toHaveLength(1);
  });
});

test('a leader that is killed is followed by another worker, and its call is made once more', async () => {
  const stack = await startStack({ workers: 1, config });
  await stack.simulator.behaviour({ firstByteMs: 20_000 });
  const leader = await stack.submit(chat('killed'));
  await expect.poll(async () => (await stack.simulator.calls('chat')).length).toBe(1);
  await stack.addWorker();
  const ids = await submitMany(stack, chat('killed'), 39);
  await waitingFor(stack, 35);
  await stack.simulator.behaviour({ firstByteMs: 0 });
  stack.workers[0]?.kill('SIGKILL');
  const jobs = await endedAll(stack, [leader.id, ...ids], 40_000);
  expect(jobs.every(({ state }) => state === 'completed')).toBe(true);
  const calls = await stack.simulator.calls('chat');
  expect(calls.map(({ outcome }) => outcome)).toEqual(['aborted', 'bought']);
  expect(jobs.filter(({ cache }) => cache?.status === 'hit')).toHaveLength(39);
}, 90_000);
