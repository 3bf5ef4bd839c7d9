import type { LedgerEntry } from '@sluice/contracts';
import { loadScript, type Clock } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import {
  intervalNames,
  intervals,
  startOf,
  type BucketName,
  type Interval,
  type Table,
} from './buckets.ts';
import { usageKeys } from './keys.ts';
import { encodeRow, foldRow, rowsOf, type Row } from './rows.ts';
import {
  addTotals,
  decodeTotals,
  encodeTotals,
  noTotals,
  totalsOf,
  type Totals,
} from './totals.ts';

const script = loadScript(new URL('..', import.meta.url).href, 'count-entries');

export interface UsageDeps {
  redis: Redis;
  root: string;
  shards: number;
  clock: Clock;
  /** Most rows of a bucket with users or tags of their own; some more for what they are folded into. */
  maxRows: number;
}

/** A piece of a shard's ledger, as it follows on what is counted. */
export interface Piece {
  shard: number;
  /** Id of the last entry that is counted; `0` for none. */
  fromId: string;
  /** Id of the last entry of the piece. */
  toId: string;
  entries: readonly LedgerEntry[];
}

/**
 * Adds a piece of the ledger to the rows of all its buckets. The new totals are made here and written only if nobody else
 * has counted meanwhile: rows change with the id up to which they are counted, or not at all. `false`: somebody has.
 */
export async function countEntries(deps: UsageDeps, piece: Piece): Promise<boolean> {
  const keys = usageKeys(deps.root, piece.shard);
  const buckets = gather(piece.entries);
  const before = await readRows(deps, piece.shard, buckets);
  const names: string[] = [keys.counted];
  const args: (string | number)[] = [piece.fromId, piece.toId];
  buckets.forEach((bucket, i) => {
    const rows = settle(bucket, before[i], deps.maxRows);
    names.push(keys.bucket(bucket));
    args.push(bucket.startMs + intervals[bucket.interval].keptMs, rows.size);
    for (const [row, totals] of rows) args.push(row, encodeTotals(totals));
  });
  return (await script(deps.redis, names, args)) === 1;
}

interface RowSum {
  row: Row;
  more: Totals;
}

interface Bucket extends BucketName {
  rows: Map<string, RowSum>;
}

const longerIntervals = intervalNames.filter((name) => name !== 'minute');

/** What the entries add, by bucket and row. Minutes are added up to hours and days: each entry is added once, not once for each. */
function gather(entries: readonly LedgerEntry[]): Bucket[] {
  const minutes = new Map<string, Bucket>();
  for (const entry of entries) {
    const more = totalsOf(entry);
    // Two tables by name.
    for (const [table, rows] of Object.entries(rowsOf(entry)) as [Table, Row[]][]) {
      const bucket = bucketAt(minutes, table, 'minute', entry.atMs);
      for (const row of rows) addToRow(bucket, encodeRow(row), { row, more });
    }
  }
  const longer = new Map<string, Bucket>();
  for (const { table, startMs, rows } of minutes.values()) {
    for (const interval of longerIntervals) {
      const bucket = bucketAt(longer, table, interval, startMs);
      for (const [key, sum] of rows) addToRow(bucket, key, sum);
    }
  }
  return [...minutes.values(), ...longer.values()].filter(({ rows }) => rows.size > 0);
}

/** The bucket that a time (epoch ms) is in. */
function bucketAt(
  buckets: Map<string, Bucket>,
  table: Table,
  interval: Interval,
  atMs: number,
): Bucket {
  const startMs = startOf(interval, atMs);
  const id = `${table} ${interval} ${startMs}`;
  let bucket = buckets.get(id);
  if (!bucket) buckets.set(id, (bucket = { table, interval, startMs, rows: new Map() }));
  return bucket;
}

function addToRow({ rows }: Bucket, key: string, { row, more }: RowSum): void {
  let known = rows.get(key);
  if (!known) rows.set(key, (known = { row, more: noTotals() }));
  addTotals(known.more, more);
}

/** A bucket as it is stored: how many rows it has, and those that the piece may add to. */
interface Stored {
  size: number;
  totals: Map<string, string>;
}

/** Rows that the piece adds to, and those that they would be folded into. */
function candidates({ rows }: Bucket): string[] {
  const all = [...rows.values()].flatMap(({ row }) => [row, foldRow(row, 1), foldRow(row, 2)]);
  return [...new Set(all.map(encodeRow))];
}

async function readRows(
  { redis, root }: UsageDeps,
  shard: number,
  buckets: readonly Bucket[],
): Promise<Stored[]> {
  const keys = usageKeys(root, shard);
  return await Promise.all(
    buckets.map(async (bucket) => {
      const key = keys.bucket(bucket);
      const names = candidates(bucket);
      const [size, values] = await Promise.all([redis.hlen(key), redis.hmget(key, ...names)]);
      const totals = new Map<string, string>();
      names.forEach((name, i) => {
        const value = values[i];
        if (value !== null && value !== undefined) totals.set(name, value);
      });
      return { size, totals };
    }),
  );
}

/** The rows of a bucket with what the piece adds; a new one that finds no room is folded. */
function settle(bucket: Bucket, stored: Stored | undefined, maxRows: number): Map<string, Totals> {
  const { size, totals } = stored ?? { size: 0, totals: new Map<string, string>() };
  const settled = new Map<string, Totals>();
  let room = maxRows - size;
  const take = (row: Row, isLast: boolean): Totals | undefined => {
    const key = encodeRow(row);
    const known = settled.get(key);
    if (known) return known;
    const before = totals.get(key);
    if (before === undefined && room <= 0 && !isLast) return undefined;
    if (before === undefined) room -= 1;
    const start = before === undefined ? noTotals() : decodeTotals(before);
    settled.set(key, start);
    return start;
  };
  for (const { row, more } of bucket.rows.values()) {
    const sum = take(row, false) ?? takeFolded(row, take, room + maxRows > 0);
    addTotals(sum, more);
  }
  return settled;
}

/** As many folded rows as others have room; beyond, only tenant and provider are left, of which there are few. */
function takeFolded(
  row: Row,
  take: (row: Row, isLast: boolean) => Totals | undefined,
  hasRoom: boolean,
): Totals {
  const sum = take(foldRow(row, 1), hasRoom) ?? take(foldRow(row, 2), true);
  if (!sum) throw new Error('the last row that an entry is folded into is always there');
  return sum;
}
