import { z } from 'zod';

import { name } from './name.ts';
import { tenantId } from './tenant.ts';

const usd = z.number().positive().max(1_000_000);
const tokens = z.int().min(1).max(1e9);

/** What a tenant, an API key or a provider may spend, and how large its jobs may be. */
export const budget = z.strictObject({
  /** US dollars in a UTC day, and in a UTC month. */
  daily_usd: usd.optional(),
  monthly_usd: usd.optional(),
  /** Lets calls through whose cost cannot be told before; what they cost counts where it is told afterwards. */
  allow_unknown_prices: z.boolean().optional(),
  /** Of a job as it is submitted: roughly its tokens of input, and the most it may ask for as output. */
  max_input_tokens: tokens.optional(),
  max_output_tokens: tokens.optional(),
});
export type Budget = z.infer<typeof budget>;

export const budgetKinds = ['tenant', 'key', 'provider'] as const;

/** Body of `POST /v1/budgets`: sets a budget in the place of the one that was there. */
export const setBudget = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('tenant'), id: tenantId, ...budget.shape }),
  z.strictObject({
    scope: z.literal('key'),
    id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id of an API key'),
    ...budget.shape,
  }),
  z.strictObject({ scope: z.literal('provider'), id: name, ...budget.shape }),
]);
export type SetBudget = z.infer<typeof setBudget>;

/** How a budget stands. Money is exact US dollars. */
export interface BudgetView {
  object: 'budget';
  scope: (typeof budgetKinds)[number];
  id: string;
  limits: Budget;
  daily: BudgetPeriodView;
  monthly: BudgetPeriodView;
  /** Set aside for calls under way. */
  reserved_usd: string;
}

export interface BudgetPeriodView {
  period: string;
  spent_usd: string;
  /** `null` without a limit. */
  remaining_usd: string | null;
  resets_at: string;
}

/** Shares of a limit that webhooks tell of, in percent: `budget.threshold`, and `budget.exceeded` for the whole of it. */
export const budgetShares = [50, 80, 100] as const;
