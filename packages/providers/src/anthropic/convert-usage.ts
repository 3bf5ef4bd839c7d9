import type { Usage } from '@sluice/contracts';

import type { MessageUsage } from './message-event.ts';

/**
 * Anthropic's usage. Its `input_tokens` are only those that the prompt cache neither gave nor took; ours are all of them.
 * Its output includes what the model thought. Undefined where it counts nothing.
 * @see https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function convertUsage(usage: MessageUsage): Usage | undefined {
  const read = usage.cache_read_input_tokens ?? undefined;
  const written = usage.cache_creation_input_tokens ?? undefined;
  const hourly = usage.cache_creation?.ephemeral_1h_input_tokens ?? undefined;
  const fresh = usage.input_tokens ?? undefined;
  const output = usage.output_tokens ?? undefined;
  const thought = usage.output_tokens_details?.thinking_tokens ?? undefined;
  if (fresh === undefined && output === undefined) return undefined;
  const input = fresh === undefined ? undefined : fresh + (read ?? 0) + (written ?? 0);
  return {
    ...(input !== undefined && { input_tokens: input }),
    ...(read !== undefined && { cached_input_tokens: read }),
    ...(written !== undefined && { cache_write_input_tokens: written }),
    ...(hourly !== undefined && { cache_write_1h_input_tokens: hourly }),
    ...(output !== undefined && { output_tokens: output }),
    ...(thought !== undefined && { reasoning_tokens: thought }),
    total_tokens: (input ?? 0) + (output ?? 0),
    source: 'provider',
  };
}
