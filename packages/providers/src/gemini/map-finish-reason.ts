import type { FinishReason } from '@sluice/contracts';

const unified: Record<string, FinishReason['unified']> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
  IMAGE_PROHIBITED_CONTENT: 'content_filter',
  IMAGE_RECITATION: 'content_filter',
};

/**
 * Why the model stopped. Gemini says STOP after a function call too: the calls are what the client has to act on.
 * @see https://ai.google.dev/api/generate-content#FinishReason
 */
export function mapFinishReason(raw: string | undefined, hasToolCalls: boolean): FinishReason {
  const mapped = unified[raw ?? ''] ?? 'other';
  return { unified: hasToolCalls && mapped === 'stop' ? 'tool_calls' : mapped, raw: raw ?? '' };
}
