import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Response } from 'express';

import type { Dimension, UsageBucket } from '@sluice/metering';

import { requestIdOf } from '../http/reply.ts';
import { columnsOf, resultOf, type UsageResult } from './usage-view.ts';

export type ExportFormat = 'csv' | 'jsonl';

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/jsonl',
};

/** Sends usage as lines, one bucket in memory at a time, as fast as the client takes them. */
export async function exportUsage(
  response: Response,
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
  { format, groupBy }: { format: ExportFormat; groupBy: readonly Dimension[] },
): Promise<void> {
  response.writeHead(200, {
    'Content-Type': mediaTypes[format],
    'X-Request-Id': requestIdOf(response),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  const lines = format === 'csv' ? csvLines(buckets, columnsOf(groupBy)) : jsonLines(buckets);
  await pipeline(Readable.from(lines), response);
}

async function* csvLines(
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
  columns: readonly string[],
): AsyncGenerator<string> {
  yield `${['start_time', 'end_time', ...columns].join(',')}\r\n`;
  for await (const bucket of buckets) {
    for (const result of linesOf(bucket)) {
      yield `${['start_time', 'end_time', ...columns].map((name) => cell(result[name])).join(',')}\r\n`;
    }
  }
}

async function* jsonLines(
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
): AsyncGenerator<string> {
  for await (const bucket of buckets) {
    for (const result of linesOf(bucket)) yield `${JSON.stringify(result)}\n`;
  }
}

function linesOf({ startMs, endMs, groups }: UsageBucket): UsageResult[] {
  const time = {
    start_time: new Date(startMs).toISOString(),
    end_time: new Date(endMs).toISOString(),
  };
  return groups.map((group) => ({ ...time, ...resultOf(group) }));
}

/**
 * A field as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe in front: users and tags
 * are what clients wrote.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
