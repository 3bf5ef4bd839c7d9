import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { startStack, type Reply, type Stack } from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

/** One client that submits without a pause until `signal` aborts; what it was answered. */
async function submitUntil(signal: AbortSignal, stack: Stack, client: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  while (!signal.aborted) {
    const reply = await stack.request('POST', '/v1/jobs', chat(`load ${client} ${replies.length}`));
    replies.push(reply);
    if (reply.status !== 202) await sleep(50);
  }
  return replies;
}

/** A lock lives 10 s and is looked after every 5 s: a killed worker's jobs run again within 15 s. */
const takeoverMs = 25_000;

test('a worker killed in the middle of a call: another one finishes the job', async () => {
  const stack = await startStack();
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 30 });
  const { id } = await stack.submit(chat('interrupted'));
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 5_000 })
    .toBe(1);
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  const job = await stack.ended(id, takeoverMs);
  expect(job.state).toBe('completed');
  expect(job.timeline?.map(({ type }) => type)).toContain('interrupted');
  const outcomes = (await stack.simulator.calls('chat')).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['aborted', 'bought']);
}, 60_000);

test('a worker killed after the provider’s reply: the job is complete and nothing is bought again', async () => {
  const stack = await startStack({ workers: 0 });
  const crashing = await stack.addWorker({ file: 'test/support/crash-after-finish-worker.ts' });
  const { id } = await stack.submit(chat('bought once'));
  await crashing.exited;
  const job = await stack.ended(id);
  expect(job.state).toBe('completed');

  const worker = await stack.addWorker();
  // The ticket comes back when its lock is stale, and is dropped: the lane is empty again.
  await expect
    .poll(async () => (await stack.request('GET', '/metrics')).body, {
      timeout: takeoverMs,
      interval: 500,
    })
    .toMatch(/sluice_lane_tickets\{lane="openai",state="active"\} 0/);
  expect(await stack.simulator.calls('chat')).toHaveLength(1);
  expect(await stack.ended(id)).toEqual(job);
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
}, 60_000);

test('a killed worker’s Dify run is attached to, never started twice', async () => {
  const stack = await startStack();
  await stack.simulator.behaviour({ dify: { nodeDelayMs: 700, nodes: 5 } });
  const { id } = await stack.submit({ type: 'workflow', app: 'flow', input: {} });
  await expect
    .poll(async () => (await stack.request('GET', `/v1/jobs/${id}?include=timeline`)).body, {
      timeout: 5_000,
    })
    .toMatchObject({
      timeline: expect.arrayContaining([expect.objectContaining({ type: 'node_started' })]),
    });
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  const job = await stack.ended(id, takeoverMs);
  expect(job).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
  const starts = (await stack.simulator.calls('workflow')).filter(
    ({ method }) => method === 'POST',
  );
  expect(starts).toHaveLength(1);
}, 60_000);

test('Redis killed and restarted under load: every accepted job completes', async () => {
  const stack = await startStack({ workers: 2, appendOnly: true });
  await stack.simulator.behaviour({ latencyMs: 5, firstByteMs: 5 });
  const load = new AbortController();
  const clients = Array.from({ length: 8 }, (_, client) => submitUntil(load.signal, stack, client));
  for (let kill = 0; kill < 2; kill += 1) {
    await sleep(1_000);
    await stack.redis.kill();
    await sleep(500);
    await stack.redis.restart();
  }
  await sleep(500);
  load.abort();
  const replies = (await Promise.all(clients)).flat();
  const refused = replies.filter(({ status }) => status !== 202);
  expect(refused.every(({ status, headers }) => status === 503 && headers.has('retry-after'))).toBe(
    true,
  );
  const accepted = replies
    .filter(({ status }) => status === 202)
    .map(({ body }) => (body as { id: string }).id);
  expect(accepted.length).toBeGreaterThan(100);
  for (const id of accepted) expect((await stack.ended(id, 40_000)).state).toBe('completed');
  // Nothing was bought twice: one complete call for each job that Redis acknowledged or half-acknowledged.
  const bought = await stack.simulator.calls('chat');
  const bodies = bought
    .filter(({ outcome }) => outcome === 'bought')
    .map(({ bodySha256 }) => bodySha256);
  expect(new Set(bodies).size).toBe(bodies.length);
}, 120_000);

test('SIGTERM lets a call in flight finish and exits with 0; queued jobs wait for the next worker', async () => {
  const stack = await startStack();
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 10 });
  const { id } = await stack.submit(chat('graceful'));
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 5_000 })
    .toBe(1);
  const worker = stack.workers[0];
  worker?.kill('SIGTERM');
  expect(await worker?.exited).toBe(0);
  expect((await stack.ended(id)).state).toBe('completed');
  const later = await stack.submit(chat('later'));
  await stack.addWorker();
  expect((await stack.ended(later.id)).state).toBe('completed');
  expect(await stack.simulator.bought('chat')).toBe(2);
}, 60_000);
