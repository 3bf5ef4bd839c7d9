import type { LedgerEntry } from '@sluice/contracts';
import { ledgerEntryOf } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';

/** Which entries. Times are epoch ms of the ends of calls; `toMs` is the first that is not wanted. */
export interface LedgerQuery {
  fromMs: number;
  toMs: number;
  tenant: string | undefined;
}

const entriesAtOnce = 1_000;

/** An entry is written when its job moves: a little after its call has ended, by another clock. */
const writtenWithinMs = 60_000;

/** Behind every entry that was written in a millisecond. */
const lastOfMs = '18446744073709551615';

/** Entries of the ledgers, one shard after the other, each in the order in which they were written; a piece is in memory at a time. */
export async function* readLedger(
  deps: Pick<ApiDeps, 'records' | 'config'>,
  query: LedgerQuery,
): AsyncGenerator<LedgerEntry> {
  for (let shard = 0; shard < deps.config.shards; shard += 1) {
    yield* readShard(deps, shard, query);
  }
}

async function* readShard(
  { records, config }: Pick<ApiDeps, 'records' | 'config'>,
  shard: number,
  query: LedgerQuery,
): AsyncGenerator<LedgerEntry> {
  let after = `${Math.max(0, query.fromMs - writtenWithinMs - 1)}-${lastOfMs}`;
  for (;;) {
    // One piece after the other, as the client takes them.
    // oxlint-disable-next-line no-await-in-loop
    const messages = await records.readLedger(shard, after, entriesAtOnce);
    const entries = messages.map((message) => ledgerEntryOf(message, config));
    yield* entries.filter((entry) => isWanted(entry, query));
    const last = messages.at(-1)?.streamId;
    if (last === undefined || isBehind(last, query)) return;
    after = last;
  }
}

function isWanted({ atMs, tenantId }: LedgerEntry, { fromMs, toMs, tenant }: LedgerQuery): boolean {
  return atMs >= fromMs && atMs < toMs && (tenant === undefined || tenant === tenantId);
}

function isBehind(streamId: string, { toMs }: LedgerQuery): boolean {
  return Number(streamId.split('-')[0]) > toMs + writtenWithinMs;
}
