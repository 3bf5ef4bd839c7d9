import { describe, expect, it } from 'vitest';

import type { JobView } from '@sluice/contracts';

import { endJob } from '../testing/end-job.ts';
import { expectError } from '../testing/expect-error.ts';
import {
  batchBody,
  chatBody,
  startTestApi,
  workflowBody,
  type TestApi,
} from '../testing/start-test-api.ts';

interface Page {
  object: string;
  data: JobView[];
  has_more: boolean;
  next_cursor: string | null;
}

async function list(api: TestApi, query = ''): Promise<Page> {
  return (await (await api.call(`/v1/jobs${query}`)).json()) as Page;
}

describe('GET /v1/jobs', () => {
  it('lists the newest job first, without results', async () => {
    const api = await startTestApi();
    const ids: string[] = [];
    for (const body of [chatBody, workflowBody, batchBody]) ids.push((await api.accepted(body)).id);
    await endJob(api, ids[0]!);
    const page = await list(api);

    expect(page).toMatchObject({ object: 'list', has_more: false, next_cursor: null });
    expect(page.data.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(page.data.every(({ result }) => result === undefined)).toBe(true);
    expect(page.data.find(({ id }) => id === ids[0])).toMatchObject({ object: 'job' });
  });

  it('filters by state, type and model', async () => {
    const api = await startTestApi();
    const chat = await api.accepted(chatBody);
    const app = await api.accepted(workflowBody);
    await endJob(api, chat.id);
    const ids = async (query: string) => (await list(api, query)).data.map(({ id }) => id);

    expect(await ids('?state=completed')).toEqual([chat.id]);
    expect(await ids('?state=queued')).toEqual([app.id]);
    expect(await ids('?type=workflow')).toEqual([app.id]);
    expect(await ids('?model=test-chat')).toEqual([chat.id]);
    expect(await ids('?type=chat&state=failed')).toEqual([]);
  });

  it('gives every job once over its pages', async () => {
    const api = await startTestApi();
    const made = new Set<string>();
    for (let i = 0; i < 7; i += 1) made.add((await api.accepted(chatBody)).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = await list(api, `?limit=3${cursor && `&after=${cursor}`}`);
      expect(page.data.length).toBeLessThanOrEqual(3);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(made);
  });

  it.each([
    ['state=done', 'state'],
    ['type=embeddings', 'type'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=many', 'limit'],
    ['page=2', 'page'],
  ])('names what is wrong with ?%s', async (query, param) => {
    const api = await startTestApi();
    const error = await expectError(await api.call(`/v1/jobs?${query}`), 400, 'invalid_request');
    expect(error.param).toBe(param);
  });
});
