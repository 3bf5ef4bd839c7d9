import type { LedgerEntry } from '@sluice/contracts';
import { ledgerEntry, type Caller, type Spent } from '@sluice/metering';

import type { Plan } from '../begin/plan-job.ts';

/** What an entry shows of a {@link Plan}. */
interface Called {
  record: Caller;
  route: Pick<Plan['route'], 'name'>;
  target: Pick<Plan['target'], 'model' | 'provider'>;
}

/** The ledger's entry of the call that a run made. */
export function bookCall({ record, route, target }: Called, spent: Spent): LedgerEntry {
  const callee = { name: route.name, provider: target.provider.name, model: target.model };
  return ledgerEntry(record, callee, spent);
}
