import { expect, test } from 'vitest';

import { listJobs, retryMany } from './jobs-command.ts';

const job = (id: string) => ({
  id,
  state: 'failed',
  type: 'chat',
  model: 'chat',
  created_at: '2026-01-01T00:00:00.000Z',
  error: { code: 'quarantined', message: '5 workers died' },
});

/** An API that answers with these replies in turn, and what it was asked. */
function api(...replies: unknown[]) {
  const asked: unknown[][] = [];
  const client = async (...request: unknown[]) => {
    asked.push(request);
    return replies.shift();
  };
  return { client, asked };
}

test('a list goes on over the pages until the limit is reached', async () => {
  const { client, asked } = api(
    { data: [job('job_c'), job('job_b')], next_cursor: 'next' },
    { data: [job('job_a')], next_cursor: 'more' },
  );
  const text = await listJobs(client, { limit: '3', errorCode: 'quarantined' });
  expect(text.split('\n').map((row) => row.split(' ')[0])).toEqual(['job_c', 'job_b', 'job_a']);
  expect(text).toContain('quarantined: 5 workers died');
  expect(asked).toEqual([
    ['GET', '/v1/jobs?error_code=quarantined&limit=3'],
    ['GET', '/v1/jobs?error_code=quarantined&limit=1&after=next'],
  ]);
});

test('a list without jobs says so, and a wrong limit is refused', async () => {
  expect(await listJobs(api({ data: [], next_cursor: null }).client, { limit: '5' })).toBe(
    'no jobs',
  );
  await expect(listJobs(api().client, { limit: 'all' })).rejects.toThrow('--limit');
});

test('a bulk retry goes on until nothing is left, and names what was not retried', async () => {
  const { client, asked } = api(
    { retried: ['job_c'], skipped: [], next_cursor: 'next' },
    { retried: [], skipped: [{ id: 'job_a', error: { message: 'a batch' } }], next_cursor: null },
  );
  expect(await retryMany(client, { state: 'failed' })).toBe(
    '1 queued once more, 1 not\njob_a  a batch',
  );
  expect(asked).toEqual([
    ['POST', '/v1/jobs/retry', { state: 'failed' }],
    ['POST', '/v1/jobs/retry', { state: 'failed', after: 'next' }],
  ]);
});
