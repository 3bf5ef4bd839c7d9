export { costOf, exactCostOf, roundCost, sumCosts } from './cost.ts';
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
export { sumUsage } from './sum-usage.ts';
