import { SluiceError } from '@sluice/contracts';

import type { Refusal } from './budget-book.ts';

/** `budget_exceeded`, for a payer who has spent all of the budget that the refusal names. */
export function spentError({ scope, period }: Refusal): SluiceError {
  const message = `the ${period} budget of ${scope.replace(':', ' ')} is spent; GET /v1/budgets says when it begins anew`;
  return new SluiceError('budget_exceeded', message);
}
