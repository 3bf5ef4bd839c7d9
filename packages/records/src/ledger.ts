import type { CutCall, JobRequest, LedgerEntry } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';

const bookScript = loadScript(import.meta.url, 'book-call');

/** What a shard's ledger holds: a call, or the run of a worker that died, of which no more is known than its job. */
export type LedgerMessage =
  | { streamId: string; entry: LedgerEntry; lost?: undefined }
  | { streamId: string; entry?: undefined; lost: LostRun };

/** A run whose worker died between `begin` and its end. */
export interface LostRun {
  request: Omit<JobRequest, 'input'>;
  targetIndex: number;
  call: number;
  /** When another worker found it. */
  atMs: number;
}

/** The run of a job that was ended from outside, and what its call came to. */
export interface CutRun extends CutCall {
  run: string;
}

/**
 * Writes a call that no move of its job carries. `false`: it was there already. With `cut` a job that was cancelled or has
 * expired while that run had it shows the attempt, its usage and cost.
 */
export async function bookCall(
  context: RecordsContext,
  jobId: string,
  entry: LedgerEntry,
  cut?: CutRun,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const args = [JSON.stringify(entry), entry.call, ...cutArguments(cut)];
  return (await bookScript(context.redis, [keys.job, keys.ledger], args)) === 1;
}

function cutArguments(cut: CutRun | undefined): string[] {
  if (!cut) return ['', ''];
  const { run, attempt, usage, costUsd } = cut;
  return [
    run,
    JSON.stringify(attempt),
    ...(usage ? ['usage', JSON.stringify(usage)] : []),
    ...(costUsd === undefined ? [] : ['costUsd', costUsd]),
  ];
}

/** Entries of a shard's ledger behind `afterId` (`0` is its beginning), the oldest first, `count` at most. */
export async function readLedger(
  context: RecordsContext,
  shard: number,
  afterId: string,
  count: number,
): Promise<LedgerMessage[]> {
  const start = afterId === '0' ? '-' : `(${afterId}`;
  const rows = await context.redis.xrange(context.keys.ledger(shard), start, '+', 'COUNT', count);
  return rows.map(([streamId, pairs]) => toMessage(streamId, pairs));
}

/**
 * Takes out what is older than the retention of jobs and was written before `readMs` (epoch ms): what was not read stays,
 * however old it is.
 */
export async function trimLedger(
  context: RecordsContext,
  shard: number,
  readMs: number,
): Promise<void> {
  const keepFrom = Math.min(readMs, context.clock.now() - context.config.retentionMs);
  await context.redis.xtrim(context.keys.ledger(shard), 'MINID', '~', keepFrom);
}

function toMessage(streamId: string, [name, text = '', ...more]: string[]): LedgerMessage {
  // Written by finish, requeue and bookCall from an entry.
  if (name === 'entry') return { streamId, entry: JSON.parse(text) as LedgerEntry };
  const [, request = '', , target, , call, , at] = more;
  return {
    streamId,
    lost: {
      // What encodeRequest wrote of a validated request.
      request: JSON.parse(request) as LostRun['request'],
      targetIndex: Number(target),
      call: Number(call),
      atMs: Number(at),
    },
  };
}
