import { intervals, type Interval, type Table } from './buckets.ts';
import type { UsageDeps } from './count-entries.ts';
import { usageKeys } from './keys.ts';
import { decodeRow, other, valueOf, type Dimension } from './rows.ts';
import { addTotals, decodeTotals, noTotals, type Totals } from './totals.ts';

/** Which usage. Times are epoch ms at the edge of a bucket. */
export interface UsageQuery {
  interval: Interval;
  fromMs: number;
  /** The first that is not wanted. */
  toMs: number;
  groupBy: readonly Dimension[];
  /** Only rows with one of these values, by dimension. */
  only: Partial<Record<Dimension, readonly string[]>>;
}

/** Sums of one group; a dimension has the value `` where a call had none. */
export interface UsageGroup {
  by: Partial<Record<Dimension, string>>;
  totals: Totals;
}

export interface UsageBucket {
  startMs: number;
  endMs: number;
  groups: UsageGroup[];
  /** A bucket had more users or tags than it has room for, so some of them are in `(other)`. */
  isFolded: boolean;
}

/** The buckets of a query in their order, those without any call too; one is read when it is asked for. */
export async function* readUsage(deps: UsageDeps, query: UsageQuery): AsyncGenerator<UsageBucket> {
  const { ms } = intervals[query.interval];
  for (let startMs = query.fromMs; startMs < query.toMs; startMs += ms) {
    yield await readBucket(deps, query, startMs);
  }
}

/** The sum over all buckets of a query. */
export async function sumUsage(deps: UsageDeps, query: UsageQuery): Promise<UsageBucket> {
  const groups = new Map<string, UsageGroup>();
  let isFolded = false;
  for await (const bucket of readUsage(deps, query)) {
    isFolded ||= bucket.isFolded;
    for (const { by, totals } of bucket.groups) addTo(groups, by, totals);
  }
  return { startMs: query.fromMs, endMs: query.toMs, groups: sorted(groups), isFolded };
}

async function readBucket(
  deps: UsageDeps,
  query: UsageQuery,
  startMs: number,
): Promise<UsageBucket> {
  const { interval, groupBy, only } = query;
  const asked = [...groupBy, ...Object.keys(only)];
  const table: Table = asked.includes('tag') ? 'tags' : 'users';
  const groups = new Map<string, UsageGroup>();
  let isFolded = false;
  for (let shard = 0; shard < deps.shards; shard += 1) {
    const key = usageKeys(deps.root, shard).bucket({ table, interval, startMs });
    // One shard after the other: their rows are not all in memory at once.
    // oxlint-disable-next-line no-await-in-loop
    const rows = await deps.redis.hgetall(key);
    for (const [text, totals] of Object.entries(rows)) {
      const row = decodeRow(text);
      isFolded ||= row.includes(other);
      const isWanted = (dimension: Dimension) =>
        only[dimension]?.includes(valueOf(row, dimension)) ?? true;
      // Dimensions by name.
      if (!(Object.keys(only) as Dimension[]).every(isWanted)) continue;
      const by = Object.fromEntries(groupBy.map((each) => [each, valueOf(row, each)]));
      addTo(groups, by, decodeTotals(totals));
    }
  }
  const endMs = startMs + intervals[interval].ms;
  return { startMs, endMs, groups: sorted(groups), isFolded };
}

function addTo(groups: Map<string, UsageGroup>, by: UsageGroup['by'], more: Totals): void {
  const id = JSON.stringify(Object.values(by));
  let group = groups.get(id);
  if (!group) groups.set(id, (group = { by, totals: noTotals() }));
  addTotals(group.totals, more);
}

/** The dearest first, then by name. */
function sorted(groups: Map<string, UsageGroup>): UsageGroup[] {
  return [...groups]
    .toSorted(([id, one], [otherId, another]) => {
      const more = another.totals.costPico - one.totals.costPico;
      if (more !== 0n) return more > 0n ? 1 : -1;
      return id < otherId ? -1 : 1;
    })
    .map(([, group]) => group);
}
