export { costOf, exactCostOf, promptCacheSavings, roundCost, sumCosts } from './cost.ts';
export { countTokens } from './count-tokens.ts';
export {
  estimateEmbeddingUsage,
  estimateInputTokens,
  estimateRerankUsage,
  estimateTokensFromBytes,
  roughTokens,
  estimateUsage,
} from './estimate-usage.ts';
export { certainOverflow, findOverflow } from './find-overflow.ts';
export type { Overflow } from './find-overflow.ts';
export {
  BudgetBook,
  budgetKnownAfterMs,
  budgetPeriods,
  isSpent,
  limitOf,
} from './budgets/budget-book.ts';
export type { BudgetPeriod, BudgetState, Payer, Refusal } from './budgets/budget-book.ts';
export { spentError } from './budgets/spent-error.ts';
export { periodsOf } from './budgets/keys.ts';
export { reachedShares } from './budgets/reached-shares.ts';
export type { ReachedShare } from './budgets/reached-shares.ts';
export { createToldShares } from './budgets/told-shares.ts';
export type { ToldShares } from './budgets/told-shares.ts';
export { intervals } from './usage/buckets.ts';
export type { Interval } from './usage/buckets.ts';
export type { UsageBucket, UsageGroup, UsageQuery } from './usage/read-usage.ts';
export { dimensions, other } from './usage/rows.ts';
export type { Dimension } from './usage/rows.ts';
export { picoOf, usdOf } from './usage/totals.ts';
export type { Totals } from './usage/totals.ts';
export { findAnomalies } from './usage/find-anomalies.ts';
export type { Anomaly, AnomalyRule } from './usage/find-anomalies.ts';
export { createUsageBook } from './usage/usage-book.ts';
export type { UsageBook } from './usage/usage-book.ts';
export { loadTokenizers, loadTokenizersAside } from './load-tokenizers.ts';
export { sumUsage } from './sum-usage.ts';
export { cachedEnding } from './cached-ending.ts';
export type { BoughtReply } from './cached-ending.ts';
export { ledgerEntry } from './ledger-entry.ts';
export type { Callee, Caller, Spent } from './ledger-entry.ts';
