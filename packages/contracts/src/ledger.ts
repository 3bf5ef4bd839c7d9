import type { ErrorCode } from './errors.ts';
import type { CallType } from './job-type.ts';
import type { CostUsd, Usage } from './usage.ts';

/**
 * How a call ended, for whoever pays it:
 *
 * | outcome     | meaning                                                    | usage                    | cost              |
 * |-------------|------------------------------------------------------------|--------------------------|-------------------|
 * | succeeded   | the whole reply came                                       | the upstream's, or counted | by the price     |
 * | failed      | the upstream refused, or answered with an error            | none                     | 0                 |
 * | cut         | the reply was under way: cancelled, timed out, broken off  | counted, where it can be | of what is counted |
 * | interrupted | its worker died; whether there was a call is not known     | none                     | `unknown`         |
 * | cached      | no call: an earlier reply answered                         | of the earlier call      | 0; see `saved`    |
 */
export type LedgerOutcome = 'succeeded' | 'failed' | 'cut' | 'interrupted' | 'cached';

/** One call of a job, or what was served in place of one: written once, with the move of the job that it belongs to. */
export interface LedgerEntry {
  jobId: string;
  /** 1, 2, … in the job's life; with the job's id the name of the entry. */
  call: number;
  /** Epoch ms of the end of the call. */
  atMs: number;
  tenantId: string;
  /** The API key that submitted the job. */
  keyId?: string;
  type: CallType;
  /** Public name of the model or app. */
  name: string;
  provider: string;
  /** The upstream's name of the model; of an app its public name. */
  model: string;
  user?: string;
  metadata?: Record<string, string>;
  outcome: LedgerOutcome;
  errorCode?: ErrorCode;
  usage?: Usage;
  /** Exact, with as many decimals as it takes, 12 at most. */
  costUsd: CostUsd;
  /** Of another price than the usual: the request was part of a batch at the vendor. */
  priceClass?: 'batch';
  /** What the price is from; absent where there is none, or where the upstream itself told the cost. */
  priceVersion?: string;
  /**
   * What the vendor's own prompt cache spared, as `costUsd`: the input at its full price less what it cost. Negative where
   * writing to the cache cost more than it gave. Absent where the vendor read and wrote nothing, or the price is not known.
   */
  promptCacheSavedUsd?: string;
  /** Only of `cached`: what the earlier call took and cost. */
  saved?: Saved;
  /** What was set aside in budgets under another name than the job's and ends with this entry: the last of a batch at a vendor. */
  settles?: string;
  durationMs: number;
}

/** What a reply from the cache saved. */
export interface Saved {
  tokens: number;
  /** As `costUsd`. */
  usd: CostUsd;
}

/** An entry where it stands in a shard's ledger; ids grow. */
export interface PlacedEntry {
  streamId: string;
  entry: LedgerEntry;
}
