import type { Usage } from '@sluice/contracts';

import type { ChatUsage } from './chat-chunk.ts';

/**
 * OpenAI's usage and its variants: cached input as `prompt_tokens_details.cached_tokens`, DeepSeek's
 * `prompt_cache_hit_tokens` or Moonshot's `cached_tokens`; reasoning in the details or, SGLang, at the top. Undefined where
 * it counts nothing.
 */
export function convertUsage(usage: ChatUsage | undefined): Usage | undefined {
  if (!usage) return undefined;
  const input = usage.prompt_tokens ?? usage.input_tokens ?? undefined;
  const output = usage.completion_tokens ?? usage.output_tokens ?? undefined;
  const total = usage.total_tokens ?? sumOf(input, output);
  if (total === undefined) return undefined;
  const inputDetails = usage.prompt_tokens_details ?? usage.input_tokens_details;
  const outputDetails = usage.completion_tokens_details ?? usage.output_tokens_details;
  const cached =
    inputDetails?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens;
  const written = inputDetails?.cache_write_tokens;
  const reasoning = outputDetails?.reasoning_tokens ?? usage.reasoning_tokens;
  const sound = (inputDetails?.audio_tokens ?? 0) + (outputDetails?.audio_tokens ?? 0);
  return {
    ...(input !== undefined && { input_tokens: input }),
    ...(isCount(cached) && { cached_input_tokens: cached }),
    ...(isCount(written) && { cache_write_input_tokens: written }),
    ...(output !== undefined && { output_tokens: output }),
    ...(isCount(reasoning) && { reasoning_tokens: reasoning }),
    ...(sound > 0 && { audio_tokens: sound }),
    total_tokens: total,
    source: 'provider',
  };
}

function sumOf(input: number | undefined, output: number | undefined): number | undefined {
  if (input === undefined && output === undefined) return undefined;
  return (input ?? 0) + (output ?? 0);
}

function isCount(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
