import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Response } from 'express';

import { requestIdOf } from '../http/reply.ts';

export type ExportFormat = 'csv' | 'jsonl';

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/jsonl',
};

/** Sends lines as they come, as fast as the client takes them. */
export async function sendLines(
  response: Response,
  format: ExportFormat,
  lines: AsyncIterable<string>,
): Promise<void> {
  response.writeHead(200, {
    'Content-Type': mediaTypes[format],
    'X-Request-Id': requestIdOf(response),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  await pipeline(Readable.from(lines), response);
}

/**
 * A field as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe in front: users and tags
 * are what clients wrote.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function csvCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
