import type { ChaosLedger } from './chaos-ledger.ts';
import { quantile } from '../bench/statistics.ts';

/** One outage, and what was seen of it. Times are milliseconds. */
export interface OutageRow {
  outage: string;
  forMs: number;
  /** From the moment Redis answers again to the first job that ends. */
  firstEndMs: number | undefined;
  /** Answers with 503 while it was away, how many lack Retry-After, and how long they took. */
  refused: number;
  withoutRetryAfter: number;
  p99Ms: number;
}

/** A row for each act that kept Redis away. */
export function outageRows(ledger: ChaosLedger): OutageRow[] {
  const backs = ledger.of('redis_back');
  const ends = ledger.of('result').map(({ job }) => Date.parse(job.ended_at ?? ''));
  const refusals = ledger.of('refused').filter(({ status }) => status === 503);
  return ledger.of('act').flatMap(({ act, atMs, forMs }) => {
    const back = backs.find((each) => each.atMs >= atMs + forMs);
    if (!back || act.startsWith('kill_worker') || act === 'kill_api') return [];
    // Those that were asked while it was away may be answered a moment later.
    const own = refusals.filter((each) => each.atMs >= atMs && each.atMs <= back.atMs + 1_000);
    const laterEnds = ends.filter((end) => end >= back.atMs);
    return [
      {
        outage: act,
        forMs,
        firstEndMs: laterEnds.length > 0 ? Math.min(...laterEnds) - back.atMs : undefined,
        refused: own.length,
        withoutRetryAfter: own.filter(({ hasRetryAfter }) => !hasRetryAfter).length,
        p99Ms: quantile(
          own.map(({ durationMs }) => durationMs),
          0.99,
        ),
      },
    ];
  });
}

/** The rows as a table for a terminal or a page. */
export function describeOutages(ledger: ChaosLedger): string {
  const head = 'outage            away   first end after it   503   p99 of these';
  const lines = outageRows(ledger).map(({ outage, forMs, firstEndMs, refused, p99Ms }) => {
    const p99 = Number.isNaN(p99Ms) ? '–' : `${p99Ms} ms`;
    const cells = [
      `${forMs / 1_000} s`.padStart(8),
      (firstEndMs === undefined ? '–' : `${firstEndMs} ms`).padStart(21),
    ];
    return `${outage.padEnd(14)}${cells.join('')}${String(refused).padStart(6)}${p99.padStart(15)}`;
  });
  return [head, ...lines].join('\n');
}
