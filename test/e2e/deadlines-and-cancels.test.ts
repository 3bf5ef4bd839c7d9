import type { JobView } from '@sluice/contracts';
import { createRecords } from '@sluice/records';
import { systemClock } from '@sluice/runtime';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

/** Lanes with one call a minute and with one at a time, for the jobs that wait. */
const stack = useStack({
  config: (addresses) => {
    const { providers, models, ...rest } = defaultConfig(addresses);
    const { openai } = providers as Record<string, object>;
    const narrow = { ...openai, apiKey: 'narrow-key', limits: { requestsPerMinute: 1 } };
    const single = { ...openai, apiKey: 'single-key', limits: { concurrency: 1 } };
    return {
      ...rest,
      providers: { ...(providers as object), narrow, single },
      models: {
        ...(models as object),
        narrow: { targets: ['narrow/sim-chat'] },
        single: { targets: ['single/sim-chat'] },
      },
      retry: { maxAttempts: 3, initialDelaySeconds: 0.05, maxDelaySeconds: 0.1 },
    };
  },
});

const chat = (content: string, more: object = {}) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

const run = async (body: object) => await stack().ended((await stack().submit(body)).id);
const calls = async () => await stack().simulator.calls('chat');
const cancel = async (id: string) => await stack().request('POST', `/v1/jobs/${id}/cancel`);
const read = async (id: string) => (await stack().request('GET', `/v1/jobs/${id}`)).body as JobView;

function expiredBy(param: string, seconds: number): object {
  const message = expect.stringContaining(`within ${seconds} s (${param})`);
  return { state: 'expired', error: { code: 'expired', param, message } };
}

test('a deadline that passes in the queue ends the job without a call, at its time', async () => {
  await stack().simulator.fault({ fault: { kind: 'hang' } });
  const { id } = await stack().submit(chat('takes the only slot', { model: 'single' }));
  await expect.poll(async () => (await calls()).length).toBe(1);
  const late = chat('late', { model: 'single' });
  const [waits, whole] = await Promise.all([
    run({ ...late, max_wait_seconds: 1 }),
    run({ ...late, timeout_seconds: 1.5 }),
  ]);
  expect(waits).toMatchObject({ ...expiredBy('max_wait_seconds', 1), attempts: [] });
  expect(whole).toMatchObject({ ...expiredBy('timeout_seconds', 1.5), attempts: [] });
  const lateMs = Date.parse(whole.ended_at ?? '') - Date.parse(whole.deadline_at);
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(3_000);
  await cancel(id);
  expect(await calls()).toHaveLength(1);
});

test('a job that is certain to be late for its permit ends at once', async () => {
  await run(chat('takes the only permit', { model: 'narrow' }));
  const job = await run(chat('late', { model: 'narrow', timeout_seconds: 20 }));
  expect(job).toMatchObject({ ...expiredBy('timeout_seconds', 20), attempts: [] });
  expect(job.latency_ms).toBeLessThan(10_000);
});

test('a job that runs past its deadline is cut upstream, and says what that attempt was', async () => {
  await stack().simulator.fault({ times: 2, fault: { kind: 'hang' } });
  const stuck = async () => await run(chat('stuck', { timeout_seconds: 1 }));
  // The first call of a worker that is cut waits for the tables that count what had come of it: a second of the processor.
  await stuck();
  const job = await stuck();
  expect(job).toMatchObject(expiredBy('timeout_seconds', 1));
  expect(job.attempts).toMatchObject([{ number: 1, error: { code: 'expired' } }]);
  expect(Date.parse(job.ended_at ?? '') - Date.parse(job.deadline_at)).toBeLessThan(5_000);
  const outcomes = async () => (await calls()).map(({ outcome }) => outcome);
  await expect.poll(outcomes).toEqual(['fault', 'fault']);
});

test('a retry that would come too late is not waited for', async () => {
  const fault = { kind: 'status', status: 503, retryAfterSeconds: 600 } as const;
  await stack().simulator.fault({ times: 3, fault });
  const job = await run(chat('refused', { timeout_seconds: 60 }));
  expect(job).toMatchObject(expiredBy('timeout_seconds', 60));
  expect(job.error?.message).toContain('upstream_overloaded');
  expect(job.attempts).toHaveLength(1);
});

test.each([
  ['attempt_timeout_seconds', { kind: 'hang' } as const],
  ['first_byte_timeout_seconds', { kind: 'hang' } as const],
  ['idle_timeout_seconds', { kind: 'keep-alive' } as const],
])('a call that passes its %s is cut, tried again, and says so', async (param, fault) => {
  await stack().simulator.fault({ times: 3, fault });
  const job = await run(chat('slow', { [param]: 0.2 }));
  const message = expect.stringContaining(`0.2 s (${param})`);
  expect(job).toMatchObject({
    state: 'failed',
    error: { code: 'upstream_timeout', param, message },
  });
  expect(job.attempts).toHaveLength(3);
});

const runsOfDify = async () =>
  (await stack().simulator.calls('workflow')).filter(({ paid }) => paid);
const flow = (more: object) => ({ type: 'workflow', app: 'flow', input: {}, ...more });

test.each([
  ['attempt_timeout_seconds', 'failed', 'upstream_timeout'],
  ['timeout_seconds', 'expired', 'expired'],
])(
  'a Dify run that passes its %s is stopped in Dify and not started again',
  async (param, state, code) => {
    await stack().simulator.behaviour({ dify: { nodeDelayMs: 5_000 } });
    const job = await run(flow({ [param]: 0.7 }));
    expect(job).toMatchObject({ state, error: { code, param } });
    expect(job.attempts).toHaveLength(1);
    await expect
      .poll(async () => (await runsOfDify()).map(({ runStatus }) => runStatus))
      .toEqual(['stopped']);
  },
);

test('a Dify run that waits for a person past the deadline is stopped', async () => {
  await stack().simulator.behaviour({ dify: { outcome: 'paused' } });
  const { id } = await stack().submit(flow({ timeout_seconds: 3 }));
  await expect.poll(async () => (await read(id)).state).toBe('paused');
  expect(await stack().ended(id)).toMatchObject(expiredBy('timeout_seconds', 3));
  await expect
    .poll(async () => (await runsOfDify()).map(({ runStatus }) => runStatus))
    .toEqual(['stopped']);
});

test('the deadlines of a batch are those of its items, and it ends with what there is', async () => {
  await stack().simulator.fault({ match: { bodyIncludes: 'stuck' }, fault: { kind: 'hang' } });
  const request = (content: string) => chat(content, { custom_id: content });
  const requests = [request('quick'), request('stuck')];
  const job = await run({ type: 'batch', input: { requests }, timeout_seconds: 1 });
  const items = [
    { status: 'succeeded' },
    { status: 'expired', error: { param: 'timeout_seconds' } },
  ];
  expect(job).toMatchObject({ state: 'completed', result: { items } });
});

/** The job once it shows the attempt that was cut: the worker tells of it when the call has ended. */
async function cutJob(id: string, timeout = 10_000): Promise<JobView> {
  await expect.poll(async () => (await read(id)).attempts.length, { timeout }).toBe(1);
  return await read(id);
}

test('a cancelled job shows what its call had said by then, and what that cost', async () => {
  await stack().simulator.behaviour({ chunkDelayMs: 50, chunks: 200 });
  const { id } = await stack().submit(chat('long '.repeat(200), { stream: true }));
  const deltas = async () => {
    const controller = new AbortController();
    const events = await fetch(`${stack().url}/v1/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${adminKey}` },
      signal: controller.signal,
    });
    let text = '';
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.split('event: delta').length > 3) break;
    }
    controller.abort();
  };
  await deltas();
  expect((await cancel(id)).status).toBe(200);
  const job = await cutJob(id);
  expect(job.attempts).toMatchObject([{ outcome: 'cancelled', error: { code: 'cancelled' } }]);
  expect(job).toMatchObject({ state: 'cancelled', usage: { source: 'estimate' } });
  const [call] = await calls();
  expect(call?.outcome).toBe('aborted');
  // Counted from what had arrived; the simulator counts what it had sent.
  expect(job.usage?.output_tokens).toBeGreaterThan(0);
  expect(job.usage?.output_tokens).toBeLessThanOrEqual((call?.outputTokens ?? 0) + 5);
  expect(Number(job.cost_usd)).toBeGreaterThan(0);
});

test('a call is cut although nobody told its worker of the cancel', async () => {
  await stack().simulator.fault({ fault: { kind: 'hang' } });
  const { id } = await stack().submit(chat('cancelled by one who died'));
  await expect.poll(async () => (await calls()).length).toBe(1);
  await endUntold(id);
  // It is looked at every five seconds.
  expect((await cutJob(id, 15_000)).attempts).toMatchObject([{ outcome: 'cancelled' }]);
  await expect.poll(async () => (await calls()).map(({ outcome }) => outcome)).toEqual(['fault']);
});

/** What an API has done that dies in the middle of a cancel. */
async function endUntold(id: string): Promise<void> {
  const redis = new Redis(stack().redis.url);
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const records = createRecords({ redis, root: 'sluice', shards: 1, config, clock: systemClock });
  const error = {
    code: 'cancelled',
    message: 'cancelled by the client',
    retryable: false,
  } as const;
  const finished = await records.finish(id, { state: 'cancelled', error }, 'evt_untold');
  redis.disconnect();
  expect(finished).toEqual({ kind: 'finished' });
}

test('a cancelled Dify run is stopped, and its job shows the tokens of the nodes that had ended', async () => {
  await stack().simulator.behaviour({ dify: { nodeDelayMs: 300, nodes: 12 } });
  const { id } = await stack().submit(flow({ input: { inputs: { query: 'some words' } } }));
  const nodes = async () => {
    const { body } = await stack().request('GET', `/v1/jobs/${id}?include=timeline`);
    return (body as JobView).timeline?.filter(({ type }) => type === 'node_finished').length ?? 0;
  };
  await expect.poll(nodes, { timeout: 10_000 }).toBeGreaterThan(2);
  expect((await cancel(id)).status).toBe(200);
  const job = await cutJob(id);
  expect(job).toMatchObject({ state: 'cancelled', attempts: [{ outcome: 'cancelled' }] });
  expect(job.usage?.total_tokens).toBeGreaterThan(0);
  await expect
    .poll(async () => (await runsOfDify()).map(({ runStatus }) => runStatus))
    .toEqual(['stopped']);
  const [stopped] = await runsOfDify();
  expect(job.usage?.total_tokens).toBeLessThanOrEqual(
    (stopped?.inputTokens ?? 0) + (stopped?.outputTokens ?? 0),
  );
});

test('a job that waits for a permit is cancelled with its ticket, and the lane goes on', async () => {
  const { id } = await stack().submit(chat('waits', { model: 'narrow' }));
  await expect.poll(async () => (await read(id)).waiting_on?.limit).toContain('requests');
  expect(await cancel(id)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect(await cancel(id)).toMatchObject({
    status: 409,
    body: { error: { code: 'job_not_cancellable', message: expect.stringContaining('cancelled') } },
  });
  const metrics = await stack().request('GET', '/metrics');
  expect(metrics.body).toMatch(/sluice_lane_tickets\{lane="narrow",state="waiting"\} 0/);
  expect(await calls()).toHaveLength(0);
});

test('a cancelled batch takes its items with it, whatever each of them does', async () => {
  await stack().simulator.behaviour({ latencyMs: 10_000, firstByteMs: 10_000 });
  const waiting = chat('waits', { model: 'narrow' });
  const running = chat('runs');
  const { id } = await stack().submit({ type: 'batch', input: { requests: [running, waiting] } });
  await expect.poll(async () => (await calls()).length).toBe(1);
  expect((await cancel(id)).status).toBe(200);
  const { body } = await stack().request('GET', `/v1/jobs?batch_id=${id}`);
  expect((body as { data: JobView[] }).data.map(({ state }) => state)).toEqual([
    'cancelled',
    'cancelled',
  ]);
  await expect.poll(async () => (await calls()).map(({ outcome }) => outcome)).toEqual(['aborted']);
});
