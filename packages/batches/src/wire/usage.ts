import type { Usage } from '@sluice/contracts';

/** Usage as chat completions tell it. What the upstream does not split counts as output. */
export function promptUsage(usage: Usage | undefined) {
  const { input_tokens: input = 0, total_tokens: total = 0, output_tokens: output } = usage ?? {};
  return {
    prompt_tokens: input,
    completion_tokens: output ?? Math.max(0, total - input),
    total_tokens: total,
    prompt_tokens_details: { cached_tokens: usage?.cached_input_tokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage?.reasoning_tokens ?? 0 },
  };
}

/** The same as responses and batches tell it. */
export function inputUsage(usage: Usage | undefined) {
  const { prompt_tokens: input, completion_tokens: output, ...rest } = promptUsage(usage);
  return {
    input_tokens: input,
    input_tokens_details: rest.prompt_tokens_details,
    output_tokens: output,
    output_tokens_details: rest.completion_tokens_details,
    total_tokens: rest.total_tokens,
  };
}
