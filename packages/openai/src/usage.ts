import type { Usage } from '@sluice/contracts';

/** Usage as chat completions tell it. What the upstream does not split counts as output. */
export function completionUsage(usage: Usage | undefined) {
  const { input_tokens: input = 0, total_tokens: total = 0, output_tokens: output } = usage ?? {};
  return {
    prompt_tokens: input,
    completion_tokens: output ?? Math.max(0, total - input),
    total_tokens: total,
    prompt_tokens_details: {
      cached_tokens: usage?.cached_input_tokens ?? 0,
      ...(usage?.cache_write_input_tokens !== undefined && {
        cache_write_tokens: usage.cache_write_input_tokens,
      }),
    },
    completion_tokens_details: { reasoning_tokens: usage?.reasoning_tokens ?? 0 },
  };
}

/** The same as responses and batches tell it. */
export function responseUsage(usage: Usage) {
  const { input_tokens: input = 0, total_tokens: total, output_tokens: output } = usage;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cached_input_tokens ?? 0,
      cache_write_tokens: usage.cache_write_input_tokens ?? 0,
    },
    output_tokens: output ?? Math.max(0, total - input),
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens ?? 0 },
    total_tokens: total,
  };
}
