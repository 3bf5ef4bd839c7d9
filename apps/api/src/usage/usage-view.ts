import { usdOf, type Dimension, type UsageBucket, type UsageGroup } from '@sluice/metering';

/** Names of the dimensions in a result, as OpenAI has them where it has them. */
const dimensionNames: Readonly<Record<Dimension, string>> = {
  tenant: 'tenant_id',
  key: 'api_key_id',
  model: 'model',
  provider: 'provider',
  app: 'app',
  user: 'user_id',
  tag: 'tag',
};

/** One group of a bucket, flat: what CSV has in a line. */
export type UsageResult = Record<string, string | number | null>;

/** What CSV has as columns behind those of the time. */
export function columnsOf(groupBy: readonly Dimension[]): string[] {
  return [...groupBy.map((dimension) => dimensionNames[dimension]), ...measureNames];
}

/**
 * A group's sums. Tokens are those of calls, input with its cached part; costs are exact, in US dollars, and leave out calls
 * whose cost is not known, which `cost_unknown_requests` counts.
 */
export function resultOf({ by, totals }: UsageGroup): UsageResult {
  const hitBase = totals.calls + totals.cached;
  return {
    ...namesOf(by),
    num_model_requests: totals.calls,
    num_succeeded: totals.succeeded,
    num_failed: totals.failed,
    num_cut: totals.cut,
    num_interrupted: totals.interrupted,
    num_estimated: totals.estimated,
    num_cache_hits: totals.cached,
    cache_hit_rate: hitBase === 0 ? 0 : Number((totals.cached / hitBase).toFixed(4)),
    input_tokens: totals.inputTokens,
    input_cached_tokens: totals.cachedInputTokens,
    input_cache_write_tokens: totals.cacheWriteInputTokens,
    output_tokens: totals.outputTokens,
    reasoning_tokens: totals.reasoningTokens,
    total_tokens: totals.totalTokens,
    search_units: totals.searchUnits,
    audio_seconds: totals.audioMs / 1_000,
    cost_usd: usdOf(totals.costPico),
    cost_unknown_requests: totals.unknownCost,
    saved_usd: usdOf(totals.savedPico),
    prompt_cache_saved_usd: usdOf(totals.promptCacheSavedPico),
    saved_tokens: totals.savedTokens,
    duration_ms: totals.durationMs,
  };
}

const measureNames = [
  'num_model_requests',
  'num_succeeded',
  'num_failed',
  'num_cut',
  'num_interrupted',
  'num_estimated',
  'num_cache_hits',
  'cache_hit_rate',
  'input_tokens',
  'input_cached_tokens',
  'input_cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'search_units',
  'audio_seconds',
  'cost_usd',
  'cost_unknown_requests',
  'saved_usd',
  'prompt_cache_saved_usd',
  'saved_tokens',
  'duration_ms',
];

/** A bucket in the shape of OpenAI's usage API. */
export function bucketView({ startMs, endMs, groups, isFolded }: UsageBucket) {
  return {
    object: 'bucket',
    start_time: startMs / 1_000,
    end_time: endMs / 1_000,
    ...(isFolded && { folded: true }),
    results: groups.map((group) => ({ object: 'usage.result', ...resultOf(group) })),
  };
}

/** A call without a user, key, … has `null` there. */
function namesOf(by: UsageGroup['by']): UsageResult {
  // Dimensions by name.
  const entries = Object.entries(by) as [Dimension, string][];
  return Object.fromEntries(
    entries.map(([dimension, value]) => [dimensionNames[dimension], value === '' ? null : value]),
  );
}
