import type { Request, Response } from 'express';

import { SluiceError, type LedgerEntry } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { oneOf, readQuery } from '../http/query.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { ledgerColumns, ledgerRow } from '../usage/ledger-row.ts';
import { readLedger, type LedgerQuery } from '../usage/read-ledger.ts';
import { refuseOther, timeOf } from '../usage/read-usage-request.ts';
import { csvCell, sendLines } from '../usage/send-lines.ts';

type LedgerDeps = Pick<ApiDeps, 'records' | 'config' | 'clock'>;

const formats = ['jsonl', 'csv'] as const;
const dayMs = 86_400_000;

/**
 * `GET /v1/usage/ledger`: every call that ended from `from` (a day ago without it) to `to`, each in a line, as CSV or JSON lines
 * (`Accept` or `format`). The operator sees every tenant, others their own. It is streamed, however long it is.
 */
export function usageLedgerRoute(deps: LedgerDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, ['from', 'to', 'tenant', 'format']);
    const { tenantId, scopes } = callerOf(response);
    if (!scopes.has('admin')) refuseOther(query.tenant, tenantId);
    const toMs = timeOf('to', query.to) ?? deps.clock.now();
    const fromMs = timeOf('from', query.from) ?? toMs - dayMs;
    if (fromMs >= toMs) {
      throw new SluiceError('invalid_request', 'from: must be before to', { param: 'from' });
    }
    const tenant = scopes.has('admin') ? query.tenant : tenantId;
    const format = formatOf(request, query.format);
    const entries = readLedger(deps, { fromMs, toMs, tenant } satisfies LedgerQuery);
    await sendLines(response, format, format === 'csv' ? csvLines(entries) : jsonLines(entries));
  };
}

function formatOf(request: Request, given: string | undefined): (typeof formats)[number] {
  if (given !== undefined) return oneOf('format', given, formats);
  return request.accepts(['application/jsonl', 'text/csv']) === 'text/csv' ? 'csv' : 'jsonl';
}

async function* csvLines(entries: AsyncIterable<LedgerEntry>): AsyncGenerator<string> {
  yield `${ledgerColumns.join(',')}\r\n`;
  for await (const entry of entries) {
    const row = ledgerRow(entry);
    yield `${ledgerColumns.map((column) => csvCell(row[column])).join(',')}\r\n`;
  }
}

async function* jsonLines(entries: AsyncIterable<LedgerEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(ledgerRow(entry))}\n`;
}
