import { intervals, startOf } from './buckets.ts';
import type { UsageBook } from './usage-book.ts';

const hourMs = 3_600_000;
const minutesOfHour = 60;
/** Whole UTC days that a usual hour is taken from. */
const trailingDays = 7;

export interface AnomalyRule {
  /** How many times the mean hour of the last seven days an hour may cost. */
  factor: number;
  /** An hour that costs less is none, whatever is usual. US dollars. */
  minUsd: number;
}

/** A tenant that spends far more than usual. Picodollars. */
export interface Anomaly {
  tenantId: string;
  /** In the 60 minutes up to now. */
  spent: bigint;
  /** In the mean hour of the seven days before today. */
  usual: bigint;
}

const picoPerUsd = 1e12;

/**
 * The tenants that have spent more than `factor` usual hours, and at least `minUsd`, in the last 60 minutes. A tenant that had
 * spent nothing in those days is one as soon as it spends `minUsd`. Calls of unknown cost count for nothing.
 */
export async function findAnomalies(
  usage: Pick<UsageBook, 'sum'>,
  { factor, minUsd }: AnomalyRule,
  nowMs: number,
): Promise<Anomaly[]> {
  const { ms: minuteMs } = intervals.minute;
  const untilMs = startOf('minute', nowMs) + minuteMs;
  const hour = await spentByTenant(usage, 'minute', {
    fromMs: untilMs - minutesOfHour * minuteMs,
    toMs: untilMs,
  });
  const least = BigInt(Math.round(minUsd * picoPerUsd));
  const spending = [...hour].filter(([, spent]) => spent > 0n && spent >= least);
  if (spending.length === 0) return [];
  const today = startOf('day', nowMs);
  const fromMs = today - trailingDays * intervals.day.ms;
  const days = await spentByTenant(usage, 'day', { fromMs, toMs: today });
  const hours = BigInt((trailingDays * intervals.day.ms) / hourMs);
  const thousandths = BigInt(Math.round(factor * 1_000));
  return spending.flatMap(([tenantId, spent]) => {
    const usual = (days.get(tenantId) ?? 0n) / hours;
    return spent * 1_000n > usual * thousandths ? [{ tenantId, spent, usual }] : [];
  });
}

async function spentByTenant(
  usage: Pick<UsageBook, 'sum'>,
  interval: 'minute' | 'day',
  times: { fromMs: number; toMs: number },
): Promise<Map<string, bigint>> {
  const { groups } = await usage.sum({ interval, ...times, groupBy: ['tenant'], only: {} });
  return new Map(groups.map(({ by, totals }) => [by.tenant ?? '', totals.costPico]));
}
