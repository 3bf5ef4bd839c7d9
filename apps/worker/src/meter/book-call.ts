import type {
  CostUsd,
  ErrorCode,
  LedgerEntry,
  LedgerOutcome,
  Saved,
  Usage,
} from '@sluice/contracts';

import { callTypeOf } from '../begin/call-type.ts';
import type { Plan } from '../begin/plan-job.ts';

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
  saved?: Saved;
}

/** The ledger's entry of the call that a run made, or was spared. Ids and amounts only: nothing of what was said. */
export function bookCall({ record, route, target }: Plan, spent: Spent): LedgerEntry {
  const { keyId, user, metadata } = record;
  const { errorCode, usage, priceVersion, saved } = spent;
  return {
    jobId: record.jobId,
    call: record.calls + 1,
    atMs: spent.endedAtMs,
    tenantId: record.tenantId,
    ...(keyId !== undefined && { keyId }),
    type: callTypeOf(record.type),
    name: route.name,
    provider: target.provider.name,
    model: target.model,
    ...(user !== undefined && { user }),
    ...(metadata && { metadata }),
    outcome: spent.outcome,
    ...(errorCode !== undefined && { errorCode }),
    ...(usage && { usage }),
    costUsd: spent.costUsd,
    ...(priceVersion !== undefined && { priceVersion }),
    ...(saved && { saved }),
    durationMs: Math.max(0, spent.endedAtMs - spent.startedAtMs),
  };
}
