import { describe, expect, it } from 'vitest';

import { SluiceError, type JobEnding, type JobView } from '@sluice/contracts';

import { endJob } from '../testing/end-job.ts';
import { expectError } from '../testing/expect-error.ts';
import { batchBody, chatBody, startTestApi, workflowBody } from '../testing/start-test-api.ts';

const quarantined: JobEnding = {
  state: 'failed',
  error: new SluiceError('quarantined', '5 workers died while they ran this job').toJSON(),
};
const failed: JobEnding = {
  state: 'failed',
  error: new SluiceError('upstream_error', 'broken').toJSON(),
};

interface Retries {
  retried: string[];
  skipped: { id: string; error: { code: string } }[];
  has_more: boolean;
  next_cursor: string | null;
}

async function setUp() {
  const api = await startTestApi();
  const post = (path: string, body?: unknown) =>
    api.call(path, {
      method: 'POST',
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
  const bulk = async (body: unknown) => {
    const reply = await post('/v1/jobs/retry', body);
    expect(reply.status).toBe(200);
    return (await reply.json()) as Retries;
  };
  return { api, post, bulk };
}

describe('POST /v1/jobs/:id/retry', () => {
  it('queues a failed job with a ticket, under its id', async () => {
    const { api, post } = await setUp();
    const { id } = await api.accepted(chatBody);
    await endJob(api, id, failed);
    const reply = await post(`/v1/jobs/${id}/retry`);
    expect(reply.status).toBe(202);
    const view = (await reply.json()) as JobView;
    expect(view).toMatchObject({
      id,
      state: 'queued',
      earlier_tries: [{ state: 'failed', error: { code: 'upstream_error' } }],
    });
    expect(await api.lanes.ticketState('chat-lane', { jobId: id, attempt: 1, retry: 1 })).toBe(
      'live',
    );
  });

  it('refuses a live one, a completed one and a batch', async () => {
    const { api, post } = await setUp();
    const live = await api.accepted(chatBody);
    await expectError(await post(`/v1/jobs/${live.id}/retry`), 409, 'job_not_retryable');
    await endJob(api, live.id);
    await expectError(await post(`/v1/jobs/${live.id}/retry`), 409, 'job_not_retryable');
    const batch = await api.accepted(batchBody);
    await post(`/v1/jobs/${batch.id}/cancel`);
    await expectError(await post(`/v1/jobs/${batch.id}/retry`), 409, 'job_not_retryable');
    await expectError(await post('/v1/jobs/job_none/retry'), 404, 'not_found');
  });

  it('asked by twenty clients at once queues the job once', async () => {
    const { api, post } = await setUp();
    const { id } = await api.accepted(chatBody);
    await endJob(api, id, failed);
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => post(`/v1/jobs/${id}/retry`)),
    );
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(19);
  });
});

describe('POST /v1/jobs/retry', () => {
  it('queues what the filter names, and no other', async () => {
    const { api, bulk } = await setUp();
    const [poison, broken, app, done] = await Promise.all([
      api.accepted(chatBody),
      api.accepted(chatBody),
      api.accepted(workflowBody),
      api.accepted(chatBody),
    ]);
    await endJob(api, poison.id, quarantined);
    await endJob(api, broken.id, failed);
    await endJob(api, app.id, failed);
    await endJob(api, done.id);
    const listed = await api.call('/v1/jobs?state=failed&error_code=quarantined');
    expect(((await listed.json()) as { data: JobView[] }).data.map(({ id }) => id)).toEqual([
      poison.id,
    ]);
    expect(await bulk({ error_code: 'quarantined' })).toMatchObject({
      retried: [poison.id],
      skipped: [],
    });
    expect((await bulk({ type: 'chat' })).retried).toEqual([broken.id]);
    expect((await bulk({})).retried).toEqual([app.id]);
    expect((await bulk({})).retried).toEqual([]);
  });

  it('goes on page by page, and says which one was not retried and why', async () => {
    const { api, post, bulk } = await setUp();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await api.accepted(chatBody)).id);
    for (const id of ids) await endJob(api, id, failed);
    const batch = await api.accepted(batchBody);
    await post(`/v1/jobs/${batch.id}/cancel`);
    expect((await bulk({ state: 'cancelled' })).skipped).toMatchObject([
      { id: batch.id, error: { code: 'job_not_retryable' } },
    ]);
    const retried: string[] = [];
    let after: string | null = null;
    do {
      const page: Retries = await bulk({ limit: 2, ...(after !== null && { after }) });
      retried.push(...page.retried);
      after = page.next_cursor;
    } while (after !== null);
    expect(retried.sort()).toEqual(ids.sort());
  });

  it.each([
    [{ state: 'completed' }, 'state'],
    [{ limit: 101 }, 'limit'],
    [{ error_code: 'poison' }, 'error_code'],
    [{ ids: [] }, 'ids'],
  ])('names what is wrong with %j', async (body, param) => {
    const { post } = await setUp();
    const error = await expectError(await post('/v1/jobs/retry', body), 400, 'invalid_request');
    expect(error.param).toBe(param);
  });
});
