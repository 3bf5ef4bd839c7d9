import type { Usage } from '../../ledger/ledger-entry.ts';

const INPUT_USD_PER_MILLION = 0.15;
const OUTPUT_USD_PER_MILLION = 0.6;

/** Tokens of one language model node with their cost. */
export function priceTokens(inputTokens: number, outputTokens: number): Usage {
  const cost = inputTokens * INPUT_USD_PER_MILLION + outputTokens * OUTPUT_USD_PER_MILLION;
  return { inputTokens, outputTokens, costUsd: cost / 1_000_000 };
}

/** An amount as Dify writes it: a decimal string. */
export function decimal(usd: number): string {
  return usd.toFixed(8).replace(/\.?0+$/u, '');
}

/**
 * Dify's usage object. price = tokens × unit price × price unit.
 * @see https://docs.dify.ai/api-reference/chats/send-chat-message
 */
export function describeUsage(usage: Usage, latencySeconds: number): object {
  const { inputTokens, outputTokens, costUsd } = usage;
  return {
    prompt_tokens: inputTokens,
    prompt_unit_price: String(INPUT_USD_PER_MILLION),
    prompt_price_unit: '0.000001',
    prompt_price: decimal(priceTokens(inputTokens, 0).costUsd),
    completion_tokens: outputTokens,
    completion_unit_price: String(OUTPUT_USD_PER_MILLION),
    completion_price_unit: '0.000001',
    completion_price: decimal(priceTokens(0, outputTokens).costUsd),
    total_tokens: inputTokens + outputTokens,
    total_price: decimal(costUsd),
    currency: 'USD',
    latency: latencySeconds,
  };
}
