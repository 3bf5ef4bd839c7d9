import type {
  CostUsd,
  ErrorCode,
  JobRecord,
  LedgerEntry,
  LedgerOutcome,
  Saved,
  Usage,
} from '@sluice/contracts';

/** What one call came to. */
export interface Spent {
  /** Epoch ms. */
  startedAtMs: number;
  endedAtMs: number;
  outcome: LedgerOutcome;
  costUsd: CostUsd;
  errorCode?: ErrorCode;
  usage?: Usage | undefined;
  /** Only where Sluice reckoned the cost. */
  priceVersion?: string | undefined;
  /** Not the usual price. */
  priceClass?: LedgerEntry['priceClass'];
  promptCacheSavedUsd?: string | undefined;
  saved?: Saved;
}

/** Who was called: the public name that was asked for, and the target. */
export interface Callee {
  name: string;
  provider: string;
  model: string;
}

/** Of whose call it is: what an entry shows of a job. */
export type Caller = Pick<
  JobRecord,
  'jobId' | 'tenantId' | 'keyId' | 'type' | 'user' | 'metadata' | 'calls'
>;

/**
 * The ledger's entry of the call that a run made, or was spared. Ids and amounts only: nothing of what was said.
 * @throws TypeError for a batch, which makes no call.
 */
export function ledgerEntry(job: Caller, callee: Callee, spent: Spent): LedgerEntry {
  const { keyId, user, metadata, type } = job;
  const { errorCode, usage, priceVersion, priceClass, saved } = spent;
  if (type === 'batch') throw new TypeError(`${job.jobId} is a batch`);
  return {
    jobId: job.jobId,
    call: job.calls + 1,
    atMs: spent.endedAtMs,
    tenantId: job.tenantId,
    ...(keyId !== undefined && { keyId }),
    type,
    ...callee,
    ...(user !== undefined && { user }),
    ...(metadata && { metadata }),
    outcome: spent.outcome,
    ...(errorCode !== undefined && { errorCode }),
    ...(usage && { usage }),
    costUsd: spent.costUsd,
    ...(priceClass && { priceClass }),
    ...(priceVersion !== undefined && { priceVersion }),
    ...(spent.promptCacheSavedUsd !== undefined && {
      promptCacheSavedUsd: spent.promptCacheSavedUsd,
    }),
    ...(saved && { saved }),
    durationMs: Math.max(0, spent.endedAtMs - spent.startedAtMs),
  };
}
