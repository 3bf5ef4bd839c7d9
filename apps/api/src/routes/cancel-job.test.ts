import { describe, expect, it } from 'vitest';

import { childRequests } from '@sluice/batches';
import { cancelChannel, childJobId, type JobView } from '@sluice/contracts';
import { resolveRoute } from '@sluice/routing';
import { waitFor } from '@sluice/testing';

import { endJob } from '../testing/end-job.ts';
import { expectError } from '../testing/expect-error.ts';
import { chatBody, startTestApi, type TestApi } from '../testing/start-test-api.ts';

const cancel = (api: TestApi, id: string) => api.call(`/v1/jobs/${id}/cancel`, { method: 'POST' });

/** What workers are told, as they hear it. */
async function listen(api: TestApi): Promise<string[]> {
  const heard: string[] = [];
  const subscriber = api.redis.duplicate();
  subscriber.on('message', (_channel: string, jobId: string) => heard.push(jobId));
  await subscriber.subscribe(cancelChannel(api.config.root));
  return heard;
}

/** A batch whose children have been fed: records and tickets. */
async function fedBatch(api: TestApi, size: number): Promise<string> {
  const request = { type: 'chat', model: 'test-chat', input: chatBody.input };
  const requests = Array.from({ length: size }, () => request);
  const { id } = await api.accepted({ type: 'batch', input: { requests } });
  await api.records.begin(id);
  const children = childRequests((await api.records.read(id))!, () => ({
    lane: resolveRoute(api.config, 'chat', 'test-chat').targets[0].lane,
  }));
  await api.records.acceptChildren(children);
  await api.lanes.addMany(
    children.map(({ jobId, tenantId, type, model, lane, priority }) => ({
      ticket: { jobId, tenantId, type, model, attempt: 1 },
      lane,
      priority,
    })),
  );
  return id;
}

describe('POST /v1/jobs/:id/cancel', () => {
  it('ends a queued job at once and takes its ticket away', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const response = await cancel(api, id);
    const view = (await response.json()) as JobView;

    expect(response.status).toBe(200);
    expect(view).toMatchObject({ id, state: 'cancelled', error: { code: 'cancelled' } });
    expect(await api.lanes.ticketState('chat-lane', { jobId: id, attempt: 1 })).toBe('missing');
  });

  it('ends a running job and tells the workers to abort its call', async () => {
    const api = await startTestApi();
    const heard = await listen(api);
    const { id } = await api.accepted(chatBody);
    await api.records.begin(id);
    await cancel(api, id);

    expect(await api.records.read(id)).toMatchObject({ state: 'cancelled' });
    await waitFor(() => heard.includes(id));
  });

  it('tells the workers again of a job that was ended while they were not told', async () => {
    const api = await startTestApi();
    const heard = await listen(api);
    const { id } = await api.accepted(chatBody);
    await endJob(api, id, {
      state: 'cancelled',
      error: { code: 'cancelled', message: 'cancelled by the client', retryable: false },
    });
    await expectError(await cancel(api, id), 409, 'job_not_cancellable');
    await waitFor(() => heard.includes(id));
  });

  it('wakes whoever waits for the job', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const waiting = api.call(`/v1/jobs/${id}?wait=30`);
    await cancel(api, id);
    expect(await (await waiting).json()).toMatchObject({ state: 'cancelled' });
  });

  it('refuses an ended job and names its state', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    await endJob(api, id);
    const error = await expectError(await cancel(api, id), 409, 'job_not_cancellable');
    expect(error.message).toContain('completed');
    expect(await api.records.read(id)).toMatchObject({ state: 'completed' });
  });

  it('has one winner among many who cancel at once', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const replies = await Promise.all(Array.from({ length: 10 }, () => cancel(api, id)));
    const statuses = replies.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  });

  it('of a batch ends the live children too, and leaves those that had ended', async () => {
    const api = await startTestApi();
    const size = 230;
    const id = await fedBatch(api, size);
    await endJob(api, childJobId(id, 3));
    await api.records.begin(childJobId(id, 4));
    const heard = await listen(api);
    const response = await cancel(api, id);

    expect(await response.json()).toMatchObject({ state: 'cancelled' });
    const ids = Array.from({ length: size }, (_, i) => childJobId(id, i));
    const states = (await api.records.readMany(ids)).map(({ state }) => state);
    expect(states[3]).toBe('completed');
    expect(states.filter((state) => state === 'cancelled')).toHaveLength(size - 1);
    expect(await api.lanes.queue('chat-lane', 0).count()).toBe(1);
    await waitFor(() => heard.includes(childJobId(id, 4)));
  });

  it('of a cancelled batch ends the children that a crash has left behind', async () => {
    const api = await startTestApi();
    const id = await fedBatch(api, 3);
    const error = { code: 'cancelled', message: 'cancelled', retryable: false } as const;
    await endJob(api, id, { state: 'cancelled', error });
    await expectError(await cancel(api, id), 409, 'job_not_cancellable');
    expect(await api.records.read(childJobId(id, 2))).toMatchObject({ state: 'cancelled' });
  });

  it('knows no job that is not there', async () => {
    const api = await startTestApi();
    await expectError(await cancel(api, api.records.newJobId()), 404, 'not_found');
  });
});

describe('DELETE /v1/jobs/:id', () => {
  const erase = (api: TestApi, id: string) => api.call(`/v1/jobs/${id}`, { method: 'DELETE' });

  it('erases an ended job for good', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    await endJob(api, id);
    const response = await erase(api, id);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id, object: 'job', deleted: true });
    await expectError(await api.call(`/v1/jobs/${id}`), 404, 'not_found');
    await expectError(await erase(api, id), 404, 'not_found');
  });

  it('refuses a live job and leaves it as it is', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const error = await expectError(await erase(api, id), 409, 'job_not_ended');
    expect(error.message).toContain('queued');
    expect(await api.records.read(id)).toMatchObject({ state: 'queued' });
  });

  it('of a batch erases its children', async () => {
    const api = await startTestApi();
    const id = await fedBatch(api, 3);
    await cancel(api, id);
    await erase(api, id);
    expect(await api.records.read(childJobId(id, 1))).toBeUndefined();
  });
});
