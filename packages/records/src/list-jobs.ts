import type { ErrorCode, JobState, JobType } from '@sluice/contracts';

import type { RecordsContext } from './context.ts';
import { readSummaries } from './read-job.ts';
import type { JobSummary } from './record-codec.ts';

const defaultLimit = 20;

/** Most records read at once, and the most that one call reads before it says "go on from here". */
const maxReads = 100;
const maxScanned = 1_000;

export interface JobFilter {
  state?: JobState;
  type?: JobType;
  model?: string;
  /** Only jobs that ended with this error. */
  errorCode?: ErrorCode;
  /** Lists batches of files, and only those: they have an index of their own. */
  ofFiles?: true;
  /** Lists the children of this batch, in the order of the batch. Without it children are not listed. */
  batchId?: string;
  /** `nextCursor` of the page before. Opaque; one that this package did not make lists from the start. */
  after?: string;
  /** Most jobs in the page; default 20. */
  limit?: number;
}

/**
 * A page may be short, even empty, and still have a cursor: filters are evaluated while reading, and one call reads at
 * most 1,000 records. Only a page without a cursor is the last.
 */
export interface JobPage {
  records: JobSummary[];
  nextCursor?: string;
}

/** A tenant's jobs, newest first. Going through all pages meets every job that was there at the start exactly once. */
export async function listJobs(
  context: RecordsContext,
  tenantId: string,
  filter: JobFilter,
): Promise<JobPage> {
  const { batchId, limit = defaultLimit } = filter;
  const nextIds =
    batchId === undefined
      ? tenantIds(context, tenantId, filter.ofFiles ? 'batches' : 'tenant')
      : childIds(context, batchId);
  const records: JobSummary[] = [];
  let position = decodeCursor(filter.after);
  const reads = pageReads(filter);
  for (let scanned = 0; scanned < maxScanned; scanned += reads) {
    // Each page starts where the one before ended.
    // oxlint-disable-next-line no-await-in-loop
    const ids = await nextIds(position, reads);
    // oxlint-disable-next-line no-await-in-loop
    const summaries = await readSummaries(
      context,
      ids.map(({ jobId }) => jobId),
    );
    for (const [i, { position: here }] of ids.entries()) {
      const summary = summaries[i];
      if (summary && matches(summary, tenantId, filter)) records.push(summary);
      position = here;
      if (records.length >= limit) return { records, nextCursor: encodeCursor(here) };
    }
    if (ids.length === 0) return { records };
  }
  return { records, ...(position !== undefined && { nextCursor: encodeCursor(position) }) };
}

/** A filter may discard any record that is read; without one, what is wanted is enough. */
function pageReads({ state, type, model, errorCode, limit = defaultLimit }: JobFilter): number {
  const filtered = [state, type, model, errorCode].some((wanted) => wanted !== undefined);
  return filtered ? maxReads : Math.min(maxReads, Math.max(1, limit));
}

/** At least one and about `count` ids after a position, with the position of each; none at the end. */
type NextIds = (
  position: string | undefined,
  count: number,
) => Promise<{ jobId: string; position: string }[]>;

/**
 * Ids sort by time, so the merged order of all shards is that of the ids, backwards. Of each shard that gave a full page
 * only what is above the end of its page is known to be complete; the rest waits for the next round.
 */
function tenantIds(
  context: RecordsContext,
  tenantId: string,
  index: 'tenant' | 'batches',
): NextIds {
  const shards = Array.from({ length: context.shards }, (_, shard) => shard);
  return async (position, count) => {
    const start = position === undefined ? '+' : `(${position}`;
    const pages = await Promise.all(
      shards.map((shard) =>
        context.redis.zrange(
          ...([context.keys[index](shard, tenantId), start, '-'] as const),
          ...(['BYLEX', 'REV', 'LIMIT', 0, count] as const),
        ),
      ),
    );
    const ends = pages.filter((page) => page.length === count).map((page) => page.at(-1) ?? '');
    const complete = ends.reduce((highest, end) => (end > highest ? end : highest), '');
    return pages
      .flat()
      .filter((jobId) => jobId >= complete)
      .toSorted((a, b) => (a < b ? 1 : -1))
      .map((jobId) => ({ jobId, position: jobId }));
  };
}

function childIds(context: RecordsContext, batchId: string): NextIds {
  const children = context.keys.ofJob(batchId)?.children;
  return async (position, count) => {
    if (children === undefined) return [];
    const start = position === undefined || !/^\d{1,9}$/.test(position) ? '-inf' : `(${position}`;
    const pairs = await context.redis.zrange(
      ...([children, start, '+inf', 'BYSCORE'] as const),
      ...(['LIMIT', 0, count, 'WITHSCORES'] as const),
    );
    return pairs.flatMap((jobId, i) =>
      i % 2 === 0 ? [{ jobId, position: pairs[i + 1] ?? '' }] : [],
    );
  };
}

function matches(summary: JobSummary, tenantId: string, filter: JobFilter): boolean {
  return (
    summary.tenantId === tenantId &&
    (filter.state === undefined || summary.state === filter.state) &&
    (filter.type === undefined || summary.type === filter.type) &&
    (filter.model === undefined || summary.model === filter.model) &&
    (filter.errorCode === undefined || summary.error?.code === filter.errorCode)
  );
}

function encodeCursor(position: string): string {
  return Buffer.from(position).toString('base64url');
}

/** The position inside a cursor; `undefined` where there is none, so that a broken one lists from the start. */
function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const position = Buffer.from(cursor, 'base64url').toString();
  return /^[a-z0-9_]{1,64}$/.test(position) ? position : undefined;
}
