import type { CostUsd, RunResult, Usage } from '@sluice/contracts';

/** A result as it was bought. */
export interface CacheEntry {
  result: RunResult;
  usage?: Usage;
  /** What it cost when it was bought; a hit costs nothing. */
  costUsd: CostUsd;
  provider: string;
  model: string;
}

/** Where a reply is: who may find it, among which replies it is counted, and its name there. */
export interface CachePlace {
  /** A tenant, or {@link sharedScope}. */
  scope: string;
  /** Public name of the model or app. */
  group: string;
  /** As `cacheKey` makes it. */
  digest: string;
}

/** What was found, by Redis's clock in epoch milliseconds. */
export interface Lookup {
  nowMs: number;
  found?: { entry: CacheEntry; ageMs: number; isFresh: boolean; staleForMs: number };
}
