import { spentError, type BudgetBook, type Payer } from '@sluice/metering';

/**
 * What this process knows of budgets is half a second old: the worker asks again before the call.
 * @throws SluiceError `budget_exceeded` where the payer has spent all of a budget.
 */
export function refuseSpent({ tenantId, keyId }: Payer, budgets: BudgetBook): void {
  const spent = budgets.exhausted({ tenantId, keyId });
  if (spent) throw spentError(spent);
}
