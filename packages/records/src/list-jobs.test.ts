import type { JobRequest } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed } from './fixtures.ts';
import { shardOf } from './job-id.ts';
import type { JobFilter } from './list-jobs.ts';

async function setUp(shards = 1) {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards, config, clock });
  const accept = async (count: number, changes: Partial<JobRequest> = {}) => {
    const requests: JobRequest[] = [];
    for (let i = 0; i < count; i += 1) {
      // Some jobs share their millisecond.
      await clock.advance(i % 3 === 0 ? 1 : 0);
      requests.push(chatRequest(records.newJobId(), clock.now(), changes));
    }
    await Promise.all(requests.map((request) => records.accept(request)));
    return requests.map(({ jobId }) => jobId);
  };
  /** All pages, as a client walks through them. */
  const walk = async (filter: JobFilter, tenantId = 't1') => {
    const jobIds: string[] = [];
    let pages = 0;
    let after: string | undefined;
    do {
      const page = await records.list(tenantId, { ...filter, ...(after && { after }) });
      jobIds.push(...page.records.map(({ jobId }) => jobId));
      after = page.nextCursor;
      pages += 1;
    } while (after !== undefined);
    return { jobIds, pages };
  };
  return { redis, root, clock, records, accept, walk };
}

const newestFirst = (jobIds: string[]) => jobIds.toSorted((a, b) => (a < b ? 1 : -1));

describe('listing jobs', () => {
  test.each([1, 3])(
    'walks newest first without gaps or repeats over %d shard(s)',
    async (shards) => {
      const { accept, walk } = await setUp(shards);
      const jobIds = newestFirst(await accept(130));
      for (const limit of [1_000, 100, 30, 7, 1]) {
        expect((await walk({ limit })).jobIds).toEqual(jobIds);
      }
    },
  );

  test('merges shards right when a page needs more of them than is read at once', async () => {
    const { accept, walk, records } = await setUp(3);
    const accepted = await accept(450);
    // One shard has few jobs, so its page reaches further back than those of the others.
    const erased = accepted.filter((jobId, i) => shardOf(jobId) === 2 && i % 10 !== 0);
    await Promise.all(erased.map((jobId) => records.erase(jobId)));
    const jobIds = newestFirst(accepted.filter((jobId) => !erased.includes(jobId)));
    expect((await walk({ limit: 400 })).jobIds).toEqual(jobIds);
    expect((await walk({ limit: 400, state: 'queued' })).jobIds).toEqual(jobIds);
  });

  test('meets every job that was there at the start, while others come and go', async () => {
    const { accept, records } = await setUp(2);
    const jobIds = newestFirst(await accept(60));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await records.list('t1', { limit: 7, ...(after && { after }) });
      seen.push(...page.records.map(({ jobId }) => jobId));
      after = page.nextCursor;
      await accept(5);
      // The job that the cursor stands on.
      await records.erase(seen.at(-1)!);
    } while (after !== undefined);
    expect(seen).toEqual(jobIds);
  });

  test('shows a tenant its own jobs only', async () => {
    const { accept, walk } = await setUp();
    await accept(3);
    const own = await accept(2, { tenantId: 't2' });
    expect((await walk({}, 't2')).jobIds).toEqual(newestFirst(own));
    expect((await walk({}, 't3')).jobIds).toEqual([]);
  });

  test('filters by state, type and model', async () => {
    const { accept, walk, records } = await setUp();
    const [a, b] = (await accept(2)) as [string, string];
    const [c] = (await accept(1, { model: 'other' })) as [string];
    const [d] = (await accept(1, { type: 'workflow' })) as [string];
    await records.finish(b, completed(), 'evt_1');

    expect((await walk({ state: 'completed' })).jobIds).toEqual([b]);
    expect((await walk({ state: 'queued', model: 'sim-chat' })).jobIds).toEqual([d, a]);
    expect((await walk({ model: 'other' })).jobIds).toEqual([c]);
    expect((await walk({ type: 'workflow' })).jobIds).toEqual([d]);
  });

  test('reads a bounded number of records at a time when a filter finds little', async () => {
    const { accept, walk, records } = await setUp();
    const [oldest] = (await accept(1, { model: 'rare' })) as [string];
    await accept(2_200);

    const first = await records.list('t1', { model: 'rare' });
    expect(first.records).toEqual([]);
    expect(first.nextCursor).toBeDefined();
    expect(await walk({ model: 'rare' })).toEqual({ jobIds: [oldest], pages: 3 });
  });

  test('loads neither input nor result', async () => {
    const { accept, records } = await setUp();
    const [jobId] = (await accept(1)) as [string];
    await records.finish(jobId, completed(), 'evt_1');
    const [record] = (await records.list('t1', {})).records;
    const { input, result, ...rest } = (await records.read(jobId))!;
    expect(record).toEqual(rest);
    expect(input && result).toBeDefined();
  });

  test('walks the children of a batch in its order', async () => {
    const { records, clock, walk } = await setUp();
    const batchId = records.newJobId();
    await records.accept(batchRequest(batchId, clock.now(), 250));
    const children = childRequests(batchId, clock.now(), 250);
    await records.acceptChildren(children.toReversed());
    await records.finish(children[3]!.jobId, completed(), 'evt_1');

    const jobIds = children.map(({ jobId }) => jobId);
    expect((await walk({ batchId, limit: 30 })).jobIds).toEqual(jobIds);
    expect((await walk({ batchId, state: 'completed' })).jobIds).toEqual([jobIds[3]]);
    expect((await walk({ batchId: 'no batch' })).jobIds).toEqual([]);
  });

  test('starts over at a cursor it did not make, and never fails on one', async () => {
    const { accept, records } = await setUp();
    await accept(3);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii' }), async (text) => {
        for (const after of [text, Buffer.from(text).toString('base64url')]) {
          const { records: found } = await records.list('t1', { after });
          expect(found.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
