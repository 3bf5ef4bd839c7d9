import type { Usage } from '@sluice/contracts';

const parts = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_input_tokens',
  'cache_write_1h_input_tokens',
  'output_tokens',
  'reasoning_tokens',
  'audio_tokens',
  'search_units',
  'audio_seconds',
] as const;

/**
 * The tokens of several calls together. A part that one of them does not give is absent, because its sum is not known.
 * The source is `estimate` as soon as one call's is. `undefined` for no call at all.
 */
export function sumUsage(usages: readonly Usage[]): Usage | undefined {
  if (usages.length === 0) return undefined;
  const sum: Usage = {
    total_tokens: usages.reduce((total, usage) => total + usage.total_tokens, 0),
    source: usages.some((usage) => usage.source === 'estimate') ? 'estimate' : 'provider',
  };
  for (const part of parts) {
    const given = usages.map((usage) => usage[part]).filter((count) => count !== undefined);
    if (given.length === usages.length)
      sum[part] = given.reduce((total, count) => total + count, 0);
  }
  return sum;
}
