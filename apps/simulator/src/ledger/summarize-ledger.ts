import type { LedgerEntry, Outcome, Usage } from './ledger-entry.ts';
import { noOutcomes, noUsage } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/** Which calls a reader of the ledger wants; an absent field accepts all. */
export type LedgerFilter = {
  since?: number | undefined;
  key?: string | undefined;
  kind?: string | undefined;
  model?: string | undefined;
  outcome?: Outcome | undefined;
  jobTag?: string | undefined;
};

/** The most that was seen in any sliding window of `windowMs`. */
export type WindowPeak = {
  windowMs: number;
  /** Paid calls that arrived, whatever the answer. */
  requests: number;
  /** Paid calls that were let in (not limited, not rejected). */
  admitted: number;
  /** Tokens reserved by the calls let in. */
  reservedTokens: number;
};

/** Counts of the ledger. */
export type LedgerSummary = {
  outcomes: Record<Outcome, number>;
  usage: Usage;
  peak: WindowPeak;
  /** Most paid calls open upstream at the same time. */
  maxConcurrency: number;
  /** Entries no longer retained: `outcomes` and `usage` count them, peaks do not. */
  dropped: number;
};

/** Whether an entry passes the filter. */
export function matchesFilter(entry: LedgerEntry, filter: LedgerFilter): boolean {
  return (
    (filter.since === undefined || entry.seq > filter.since) &&
    (filter.key === undefined || entry.key === filter.key) &&
    (filter.kind === undefined || entry.kind === filter.kind) &&
    (filter.model === undefined || entry.model === filter.model) &&
    (filter.outcome === undefined || entry.outcome === filter.outcome) &&
    (filter.jobTag === undefined || entry.jobTag === filter.jobTag)
  );
}

/** Counts the calls of a key and kind (absent = all). */
export function summarizeLedger(
  ledger: Ledger,
  filter: Pick<LedgerFilter, 'key' | 'kind'>,
  windowMs: number,
): LedgerSummary {
  const entries = [...ledger.entries()].filter((entry) => matchesFilter(entry, filter));
  const { outcomes, usage } = sumTallies(ledger, filter);
  outcomes.open = entries.filter((entry) => entry.outcome === 'open').length;
  const paid = entries.filter((entry) => entry.paid).sort((a, b) => a.atMs - b.atMs);
  const admitted = paid.filter(wasAdmitted);
  return {
    outcomes,
    usage,
    peak: {
      windowMs,
      requests: peakInWindow(paid, windowMs, () => 1),
      admitted: peakInWindow(admitted, windowMs, () => 1),
      reservedTokens: peakInWindow(admitted, windowMs, (entry) => entry.reservedTokens),
    },
    maxConcurrency: peakConcurrency(admitted),
    dropped: ledger.dropped,
  };
}

function sumTallies(
  ledger: Ledger,
  filter: Pick<LedgerFilter, 'key' | 'kind'>,
): { outcomes: Record<Outcome, number>; usage: Usage } {
  const outcomes = noOutcomes();
  const usage = noUsage();
  for (const tally of ledger.tallies()) {
    if (filter.key !== undefined && tally.key !== filter.key) continue;
    if (filter.kind !== undefined && tally.kind !== filter.kind) continue;
    outcomes.bought += tally.outcomes.bought;
    outcomes.aborted += tally.outcomes.aborted;
    outcomes.fault += tally.outcomes.fault;
    outcomes.limited += tally.outcomes.limited;
    outcomes.rejected += tally.outcomes.rejected;
    outcomes.served += tally.outcomes.served;
    usage.inputTokens += tally.usage.inputTokens;
    usage.outputTokens += tally.usage.outputTokens;
    usage.costUsd += tally.usage.costUsd;
  }
  return { outcomes, usage };
}

function wasAdmitted(entry: LedgerEntry): boolean {
  return entry.outcome !== 'limited' && entry.outcome !== 'rejected';
}

/** Two pointers over arrivals; the window is half open, as the limiter's is. */
function peakInWindow(
  arrivals: LedgerEntry[],
  windowMs: number,
  weigh: (entry: LedgerEntry) => number,
): number {
  let peak = 0;
  let inside = 0;
  let oldest = 0;
  for (const newest of arrivals) {
    inside += weigh(newest);
    for (let entry = arrivals[oldest]; entry !== undefined; entry = arrivals[oldest]) {
      if (newest.atMs - entry.atMs < windowMs) break;
      inside -= weigh(entry);
      oldest += 1;
    }
    peak = Math.max(peak, inside);
  }
  return peak;
}

/** Sweeps over starts and ends; an end at the same instant as a start frees its slot first. */
function peakConcurrency(calls: LedgerEntry[]): number {
  const edges = calls.flatMap((entry) => {
    const endMs = entry.durationMs === null ? Infinity : entry.atMs + entry.durationMs;
    return [
      { atMs: entry.atMs, step: 1 },
      { atMs: endMs, step: -1 },
    ];
  });
  edges.sort((a, b) => a.atMs - b.atMs || a.step - b.step);
  let open = 0;
  let peak = 0;
  for (const edge of edges) {
    open += edge.step;
    peak = Math.max(peak, open);
  }
  return peak;
}
