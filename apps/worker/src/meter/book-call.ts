import type { LedgerEntry } from '@sluice/contracts';
import { ledgerEntry, type Spent } from '@sluice/metering';

import type { Plan } from '../begin/plan-job.ts';

/** The ledger's entry of the call that a run made. */
export function bookCall({ record, route, target }: Plan, spent: Spent): LedgerEntry {
  const callee = { name: route.name, provider: target.provider.name, model: target.model };
  return ledgerEntry(record, callee, spent);
}
