import { describe, expect, it } from 'vitest';

import type { JobView } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';

import { endJob } from '../testing/end-job.ts';
import { expectError } from '../testing/expect-error.ts';
import { chatBody, startTestApi, type TestApi } from '../testing/start-test-api.ts';

const waitingFor = (api: TestApi, id: string) =>
  waitFor(async () => (await listeners(api, id)) === 1);

async function listeners(api: TestApi, id: string): Promise<unknown> {
  const channel = `{${api.config.root}:0}/changes:${id}`;
  return (await api.redis.pubsub('NUMSUB', channel))[1];
}

describe('GET /v1/jobs/:id', () => {
  it('shows an ended job with everything that is known of it', async () => {
    const api = await startTestApi();
    const { id, created_at: createdAt } = await api.accepted(chatBody);
    await endJob(api, id);
    const response = await api.call(`/v1/jobs/${id}`);
    const view = (await response.json()) as JobView;

    expect(response.status).toBe(200);
    expect(view).toMatchObject({
      id,
      object: 'job',
      type: 'chat',
      model: 'test-chat',
      state: 'completed',
      result: { message: { content: 'hello' } },
      usage: { total_tokens: 12 },
      cost_usd: '0.000100',
      cache: { status: 'miss' },
      created_at: createdAt,
    });
    const endedMs = Date.parse(view.ended_at ?? '');
    expect(view.latency_ms).toBe(endedMs - Date.parse(createdAt));
    const spent = Object.values(view.timing ?? {}).reduce((sum, ms) => sum + ms, 0);
    expect(spent).toBe(view.latency_ms);
    expect(Date.parse(view.expires_at ?? '')).toBe(endedMs + api.config.jobs.retentionMs);
    expect(response.headers.get('x-usage-token-count')).toBe('12');
  });

  it('never shows the prompt', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    expect(await (await api.call(`/v1/jobs/${id}`)).text()).not.toContain('Say hello');
  });

  it('waits until the job has ended, for as many as wait', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const waiting = Array.from({ length: 20 }, () => api.call(`/v1/jobs/${id}?wait=30`));
    await waitingFor(api, id);
    await endJob(api, id);
    const startedAt = performance.now();
    const replies = await Promise.all(waiting);
    const views = await Promise.all(replies.map(async (r) => (await r.json()) as JobView));

    expect(performance.now() - startedAt).toBeLessThan(1_900);
    expect(views.every(({ state }) => state === 'completed')).toBe(true);
    await waitFor(async () => (await listeners(api, id)) === 0);
  });

  it('finds the end of a job without any nudge', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const waiting = api.call(`/v1/jobs/${id}?wait=30`);
    // As if the worker had ended it while the subscription was down: nothing is published.
    const key = `{${api.config.root}:0}/job:${id}`;
    await waitingFor(api, id);
    await api.redis.hset(key, 'state', 'failed', 'endedAt', String(Date.now()));
    expect(await (await waiting).json()).toMatchObject({ state: 'failed' });
  });

  it('answers with the job as it is when the time is over, and at once without a wait', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const startedAt = performance.now();
    const view = (await (await api.call(`/v1/jobs/${id}?wait=1`)).json()) as JobView;
    expect(view.state).toBe('queued');
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it('answers waiting clients when the process stops', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const waiting = api.call(`/v1/jobs/${id}?wait=60`);
    await waitingFor(api, id);
    await api.close();
    expect(await (await waiting).json()).toMatchObject({ id, state: 'queued' });
  });

  it('shows the timeline when asked for it', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    await endJob(api, id);
    const view = (await (await api.call(`/v1/jobs/${id}?include=timeline`)).json()) as JobView;
    expect(view.timeline?.map(({ type }) => type)).toEqual(['queued', 'in_progress', 'completed']);
  });

  it.each([
    ['wait=61', 'wait', 'wait: must be a whole number from 0 to 60; got "61"'],
    ['wait=soon', 'wait', 'wait: must be a whole number from 0 to 60; got "soon"'],
    ['include=all', 'include', 'include: must be one of timeline; got "all"'],
    ['waitt=5', 'waitt', 'waitt: unknown query parameter; did you mean "wait"?'],
    ['wait=1&wait=2', 'wait', 'wait: must be given only once'],
  ])('names what is wrong with ?%s', async (query, param, message) => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const response = await api.call(`/v1/jobs/${id}?${query}`);
    expect(await expectError(response, 400, 'invalid_request')).toMatchObject({ param, message });
  });

  it.each([
    'job_00000000000000000000000000000',
    'job_',
    'nonsense',
    '..%2F..%2Fetc',
    'x'.repeat(3_000),
    '%00',
    '{sluice}',
  ])('knows no job %s, with or without a wait', async (id) => {
    const api = await startTestApi();
    await expectError(await api.call(`/v1/jobs/${id}`), 404, 'not_found');
    await expectError(await api.call(`/v1/jobs/${id}?wait=5`), 404, 'not_found');
  });

  it("shows no other tenant's job", async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const record = await api.records.read(id);
    const jobId = api.records.newJobId();
    await api.records.accept({ ...record!, jobId, tenantId: 'somebody' });
    await expectError(await api.call(`/v1/jobs/${jobId}`), 404, 'not_found');
    const cancel = await api.call(`/v1/jobs/${jobId}/cancel`, { method: 'POST' });
    await expectError(cancel, 404, 'not_found');
    const erase = await api.call(`/v1/jobs/${jobId}`, { method: 'DELETE' });
    await expectError(erase, 404, 'not_found');
  });
});
