import type { Request, Response } from 'express';

import type { UsageBucket } from '@sluice/metering';

import type { ApiDeps } from '../deps.ts';
import { oneOf } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { exportUsage } from '../usage/export-usage.ts';
import { readUsageRequest, type UsageRequest } from '../usage/read-usage-request.ts';
import { bucketView } from '../usage/usage-view.ts';

const formats = ['json', 'csv', 'jsonl'] as const;
type Format = (typeof formats)[number];

/** A page of JSON ends with the bucket in which it gets as many results. */
const maxResults = 10_000;

/**
 * `GET /v1/usage`: calls, tokens, costs and what the cache saved, by time and whatever `group_by` names. JSON in pages, or
 * CSV and JSON lines in one piece (`Accept` or `format`). The operator sees every tenant, others their own.
 */
export function usageRoute({ usage, clock }: Pick<ApiDeps, 'usage' | 'clock'>) {
  return async (request: Request, response: Response): Promise<void> => {
    const asked = readUsageRequest(request, callerOf(response), clock.now());
    const buckets = asked.isSum ? [await usage.sum(asked)] : usage.read(asked);
    const format = formatOf(request);
    if (format !== 'json') {
      await exportUsage(response, buckets, { format, groupBy: asked.groupBy });
      return;
    }
    const { data, next } = await readPage(buckets, asked);
    const body = {
      object: 'page',
      data: data.map(bucketView),
      has_more: next !== undefined,
      next_page: next === undefined ? null : new Date(next).toISOString(),
    };
    replyJson(response, 200, JSON.stringify(body));
  };
}

/** Buckets of one page, and where the next begins. */
async function readPage(
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
  { limit, isSum }: UsageRequest,
): Promise<{ data: UsageBucket[]; next?: number }> {
  const data: UsageBucket[] = [];
  let results = 0;
  for await (const bucket of buckets) {
    if (!isSum && (data.length >= limit || results >= maxResults)) {
      return { data, next: bucket.startMs };
    }
    data.push(bucket);
    results += bucket.groups.length;
  }
  return { data };
}

function formatOf(request: Request): Format {
  const { format } = request.query;
  if (typeof format === 'string') return oneOf('format', format, formats);
  const accepted = request.accepts([
    'application/json',
    'text/csv',
    'application/jsonl',
    'application/x-ndjson',
  ]);
  if (accepted === 'text/csv') return 'csv';
  return accepted === 'application/jsonl' || accepted === 'application/x-ndjson' ? 'jsonl' : 'json';
}
