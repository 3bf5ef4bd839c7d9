import type { JobView } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { defaultConfig, useStack, type Stack } from '../support/start-stack.ts';

const eventually = { timeout: 15_000 };

const perTenant = { buckets: [{ unit: 'requests', limit: 10, windowSeconds: 4 }] };

const shared = useStack({
  workers: 2,
  config: (addresses) => {
    const config = defaultConfig(addresses);
    const providers = config['providers'] as Record<string, object>;
    const paced = { ...providers['openai'], limits: { perTenant } };
    const models = config['models'] as Record<string, object>;
    return {
      ...config,
      providers: { ...providers, paced },
      models: { ...models, paced: { targets: [{ provider: 'paced', model: 'sim-chat' }] } },
    };
  },
});

const chat = (content: string, model = 'chat') => ({
  type: 'chat',
  model,
  input: { messages: [{ role: 'user', content }] },
});

/** A tenant with these caps; what it sends is sent with its own key. */
async function createTenant(stack: Stack, id: string, caps: Record<string, number> = {}) {
  await stack.request('POST', '/v1/admin/tenants', { id, ...caps });
  const made = await stack.request('POST', '/v1/admin/keys', {
    tenant_id: id,
    scopes: ['submit', 'read', 'cancel'],
  });
  const headers = { authorization: `Bearer ${(made.body as { key: string }).key}` };
  return {
    post: (body: unknown) => stack.request('POST', '/v1/jobs', body, headers),
    cancel: (jobId: string) => stack.request('POST', `/v1/jobs/${jobId}/cancel`, {}, headers),
    ended: async (jobId: string, timeoutMs = 30_000) => {
      const read = async () =>
        (await stack.request('GET', `/v1/jobs/${jobId}?wait=5`, undefined, headers))
          .body as JobView;
      await expect
        .poll(async () => (await read()).state, { timeout: timeoutMs })
        .toMatch(/completed|failed|cancelled|expired/);
      return await read();
    },
  };
}

interface Open {
  atMs: number;
  durationMs: number | null;
}

/** The most calls open at the same time. */
function mostOpen(calls: readonly Open[]): number {
  const edges = calls
    .flatMap(({ atMs, durationMs }) => [
      { atMs, step: 1 },
      { atMs: atMs + (durationMs ?? 0), step: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.step - b.step);
  let open = 0;
  return Math.max(...edges.map(({ step }) => (open += step)));
}

/** The most arrivals in any window of `windowMs`. */
function fullest(atMs: readonly number[], windowMs: number): number {
  return Math.max(...atMs.map((at) => atMs.filter((t) => t >= at && t < at + windowMs).length));
}

async function loads(stack: Stack): Promise<unknown> {
  return ((await stack.request('GET', '/v1/limits')).body as { tenants: unknown }).tenants;
}

function sumOf(timing: JobView['timing']): number {
  return Object.values(timing ?? {}).reduce((sum, ms) => sum + ms, 0);
}

test('two workers run no more of a tenant than it may, also after one of them was killed', async () => {
  const stack = shared();
  await stack.simulator.behaviour({ latencyMs: 150, firstByteMs: 150 });
  const capped = await createTenant(stack, 'capped', { max_concurrency: 2 });
  const free = await createTenant(stack, 'free');
  const posted = await Promise.all(
    Array.from({ length: 24 }, (_, i) => capped.post(chat(`capped ${i}`))),
  );
  const ids = posted.map(({ body }) => (body as JobView).id);
  const other = (await free.post(chat('not held up'))).body as JobView;
  expect((await free.ended(other.id)).state).toBe('completed');
  const started = await stack.simulator.calls('chat');
  expect(started.length).toBeLessThan(24);

  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  const jobs = await Promise.all(ids.map((id) => capped.ended(id, 60_000)));
  expect(jobs.map(({ state }) => state)).toEqual(ids.map(() => 'completed'));
  // From the end of the other tenant's call on, all calls are those of the capped one.
  const calls = (await stack.simulator.calls('chat')).slice(started.length);
  expect(mostOpen(calls)).toBeLessThanOrEqual(2);
  for (const job of jobs) expect(sumOf(job.timing)).toBe(job.latency_ms);
  expect(jobs.some(({ timing }) => (timing?.limited_ms ?? 0) > 0)).toBe(true);
  await expect.poll(() => loads(stack), eventually).toEqual([]);
}, 120_000);

test('two workers keep a bucket of each tenant in every sliding window', async () => {
  const stack = shared();
  const tenants = await Promise.all([createTenant(stack, 'one'), createTenant(stack, 'two')]);
  const jobs = await Promise.all(
    tenants.flatMap((tenant, t) =>
      Array.from({ length: 20 }, async (_, i) => {
        const { body } = await tenant.post(
          chat(`${t === 0 ? 'a' : 'b'.repeat(400)} ${i}`, 'paced'),
        );
        return await tenant.ended((body as JobView).id, 60_000);
      }),
    ),
  );
  const calls = await stack.simulator.calls('chat');
  expect(calls).toHaveLength(40);
  for (const tenant of [jobs.slice(0, 20), jobs.slice(20)]) {
    const atMs = tenant.map(({ attempts }) => attempts[0]?.started_at_ms ?? 0);
    expect(fullest(atMs, 4_000)).toBeLessThanOrEqual(10);
    for (const job of tenant) expect(sumOf(job.timing)).toBe(job.latency_ms);
  }
}, 120_000);

test('a full tenant is refused with the cap named; what ends, is cancelled or expires makes room', async () => {
  const stack = shared();
  await stack.request('POST', '/v1/limits/openai/pause', {});
  let paused: JobView | undefined;
  await expect
    .poll(async (): Promise<unknown> => {
      paused = await stack.submit(chat('would end at once'));
      return (await stack.request('GET', `/v1/jobs/${paused.id}?wait=1`)).body;
    }, eventually)
    .toMatchObject({ waiting_on: { limit: 'paused by an operator' } });
  const tenant = await createTenant(stack, 'full', { max_queued_jobs: 3 });
  const later = { ...chat('for later'), delay_seconds: 600 };
  // The one that expires is the last, so that it is there when the next is refused.
  const bodies = [chat('waits'), later, { ...chat('expires'), max_wait_seconds: 3 }];
  const ids: string[] = [];
  for (const body of bodies) ids.push(((await tenant.post(body)).body as JobView).id);
  const refused = await tenant.post(chat('too many'));
  expect(refused).toMatchObject({
    status: 429,
    body: { error: { code: 'queue_full', param: 'max_queued_jobs', type: 'rate_limit_error' } },
  });
  expect((await tenant.ended(ids[2] ?? '')).state).toBe('expired');
  const cancelled = (await tenant.cancel(ids[1] ?? '')).body as JobView;
  expect(cancelled).toMatchObject({ state: 'cancelled' });
  expect(Object.keys(cancelled.timing ?? {})).toEqual(['scheduled_ms']);
  const batch = { type: 'batch', input: { requests: [chat('one'), chat('two')] } };
  expect((await tenant.post(batch)).body).toMatchObject({ error: { param: 'max_queued_jobs' } });
  const small = { type: 'batch', input: { requests: [chat('one')] } };
  const accepted = await tenant.post(small);
  expect(accepted.status).toBe(202);
  await stack.request('POST', '/v1/limits/openai/resume', {});
  expect((await stack.ended(paused?.id ?? '')).state).toBe('completed');
  for (const id of [ids[0] ?? '', (accepted.body as JobView).id]) {
    expect((await tenant.ended(id)).state).toBe('completed');
  }
  await expect.poll(() => loads(stack), eventually).toEqual([]);
}, 60_000);
