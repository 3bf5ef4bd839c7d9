import type { LedgerEntry } from '@sluice/contracts';
import { createRecords } from '@sluice/records';
import { systemClock } from '@sluice/runtime';
import { Redis } from 'ioredis';

import type { Stack } from '../support/start-stack.ts';

const entriesAtOnce = 1_000;

/** All of a stack's ledger. Of a run that was lost nothing is told but whose it was. */
export async function readLedgerOf(stack: Stack): Promise<LedgerEntry[]> {
  const redis = new Redis(stack.redis.url);
  try {
    const config = { retentionMs: 0, idempotencyTtlMs: 0 };
    const records = createRecords({ redis, root: 'sluice', shards: 1, config, clock: systemClock });
    const entries: LedgerEntry[] = [];
    for (let afterId = '0'; ;) {
      const messages = await records.readLedger(0, afterId, entriesAtOnce);
      entries.push(...messages.map(({ entry, lost }) => entry ?? lostEntry(lost)));
      const last = messages.at(-1);
      if (!last) return entries;
      afterId = last.streamId;
    }
  } finally {
    redis.disconnect();
  }
}

type Lost = NonNullable<
  Awaited<ReturnType<ReturnType<typeof createRecords>['readLedger']>>[number]['lost']
>;

function lostEntry({ request, call, atMs }: Lost): LedgerEntry {
  const { jobId, tenantId, model: name, user } = request;
  return {
    jobId,
    call,
    atMs,
    tenantId,
    type: 'chat',
    name,
    provider: '',
    model: '',
    ...(user !== undefined && { user }),
    outcome: 'interrupted',
    costUsd: 'unknown',
    durationMs: 0,
  };
}
