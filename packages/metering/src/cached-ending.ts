import type {
  Attempt,
  CacheInfo,
  CostUsd,
  JobEnding,
  RunResult,
  Saved,
  Usage,
} from '@sluice/contracts';

import { sumCosts } from './cost.ts';
import { ledgerEntry, type Caller } from './ledger-entry.ts';

/** A reply that was bought before. */
export interface BoughtReply {
  result: RunResult;
  usage?: Usage;
  costUsd: CostUsd;
  provider: string;
  model: string;
}

/**
 * The ending of a job that a reply answers which another job has paid for. The rule of attribution: who made the call pays
 * all of it; whoever it answers besides pays nothing, and what that spared is `saved`. What failed attempts of its own
 * have cost, the job has cost.
 */
export function cachedEnding(
  job: Caller & { attempts: readonly Attempt[] },
  { name, reply }: { name: string; reply: BoughtReply },
  { nowMs, cache }: { nowMs: number; cache: CacheInfo },
): JobEnding {
  const { result, usage, provider, model } = reply;
  const saved: Saved = { tokens: usage?.total_tokens ?? 0, usd: reply.costUsd };
  return {
    state: 'completed',
    result,
    ...(usage && { usage }),
    costUsd: sumCosts(job.attempts.map(({ cost_usd: cost }) => cost ?? '0')),
    saved,
    entry: ledgerEntry(
      job,
      { name, provider, model },
      { startedAtMs: nowMs, endedAtMs: nowMs, outcome: 'cached', usage, costUsd: '0', saved },
    ),
    cache,
  };
}
