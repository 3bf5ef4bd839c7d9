import type { Response } from 'express';

import type { Dimension, UsageBucket } from '@sluice/metering';

import { csvCell, sendLines, type ExportFormat } from './send-lines.ts';
import { columnsOf, resultOf, type UsageResult } from './usage-view.ts';

/** Sends usage as lines, one bucket in memory at a time, as fast as the client takes them. */
export async function exportUsage(
  response: Response,
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
  { format, groupBy }: { format: ExportFormat; groupBy: readonly Dimension[] },
): Promise<void> {
  const lines = format === 'csv' ? csvLines(buckets, columnsOf(groupBy)) : jsonLines(buckets);
  await sendLines(response, format, lines);
}

async function* csvLines(
  buckets: AsyncIterable<UsageBucket> | Iterable<UsageBucket>,
  columns: readonly string[],
): AsyncGenerator<string> {
  yield `${['start_time', 'end_time', ...columns].join(',')}\r\n`;
  for await (const bucket of buckets) {
    for (const result of linesOf(bucket)) {
      yield `${['start_time', 'end_time', ...columns].map((name) => csvCell(result[name])).join(',')}\r\n`;
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
