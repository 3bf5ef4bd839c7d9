import { describe, expect, it } from 'vitest';

import type { JobView } from '@sluice/contracts';

import { batchBody, chatBody, startTestApi, workflowBody } from '../testing/start-test-api.ts';

describe('POST /v1/jobs', () => {
  it.each([
    { body: chatBody, shown: { type: 'chat', model: 'test-chat' }, lane: 'chat-lane' },
    { body: workflowBody, shown: { type: 'workflow', app: 'test-app' }, lane: 'app-lane' },
    {
      body: batchBody,
      shown: { type: 'batch', progress: { total: 2, ended: 0, failed: 0 } },
      lane: 'batches',
    },
  ])('accepts a $shown.type job: record, ticket, Location and the queued job', async (row) => {
    const api = await startTestApi();
    const response = await api.submit(row.body);
    const view = (await response.json()) as JobView;

    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/jobs/${view.id}`);
    expect(view).toMatchObject({ object: 'job', state: 'queued', attempts: [], ...row.shown });
    expect(await api.records.read(view.id)).toMatchObject({ state: 'queued', lane: row.lane });
    expect(await api.lanes.ticketState(row.lane, view.id, 1)).toBe('live');
    expect(await (await api.call(`/v1/jobs/${view.id}`)).json()).toEqual(view);
  });
});
