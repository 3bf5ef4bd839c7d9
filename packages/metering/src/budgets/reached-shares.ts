import { budgetShares } from '@sluice/contracts';

import { budgetPeriods, limitOf, type BudgetPeriod, type BudgetState } from './budget-book.ts';

/** A share of a budget that is spent: `percent` of the limit or more. Money in picodollars. */
export interface ReachedShare {
  scope: string;
  /** `2026-11-27` or `2026-11`. */
  period: string;
  percent: number;
  limit: bigint;
  spent: bigint;
}

/** Every share of these budgets that is spent in their day and month. */
export function reachedShares(states: readonly BudgetState[]): ReachedShare[] {
  return states.flatMap((state) => budgetPeriods.flatMap((period) => sharesOf(state, period)));
}

function sharesOf(
  { scope, budget, periods, spent: spentBy }: BudgetState,
  period: BudgetPeriod,
): ReachedShare[] {
  const limit = limitOf(budget, period);
  if (limit === undefined) return [];
  const spent = spentBy[period];
  return budgetShares
    .filter((percent) => spent * 100n >= limit * BigInt(percent))
    .map((percent) => ({ scope, period: periods[period], percent, limit, spent }));
}
