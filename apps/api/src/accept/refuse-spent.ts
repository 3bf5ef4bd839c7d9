import { SluiceError } from '@sluice/contracts';
import type { BudgetBook, Payer } from '@sluice/metering';

/**
 * What this process knows of budgets is half a second old: the worker asks again before the call.
 * @throws SluiceError `budget_exceeded` where the payer has spent all of a budget.
 */
export function refuseSpent({ tenantId, keyId }: Payer, budgets: BudgetBook): void {
  const spent = budgets.exhausted({ tenantId, keyId });
  if (!spent) return;
  const message = `the ${spent.period} budget of ${spent.scope.replace(':', ' ')} is spent; GET /v1/budgets says when it begins anew`;
  throw new SluiceError('budget_exceeded', message);
}
