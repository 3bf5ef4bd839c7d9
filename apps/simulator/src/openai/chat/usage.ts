import type { Usage } from '../../ledger/ledger-entry.ts';
import { costUsd } from '../../models/catalogue.ts';
import type { ChatPlan } from './chat-plan.ts';

/** OpenAI's usage object, or DeepSeek's of a model that is called so. The simulator does not reason. */
export function completionUsage(
  { request, cachedTokens }: Pick<ChatPlan, 'request' | 'cachedTokens'>,
  completionTokens: number,
): object {
  const { promptTokens, modelId } = request;
  const counts = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  if (modelId.includes('deepseek')) {
    const missed = promptTokens - cachedTokens;
    return { ...counts, prompt_cache_hit_tokens: cachedTokens, prompt_cache_miss_tokens: missed };
  }
  return {
    ...counts,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** What the ledger books for an answer of so many tokens. */
export function chatUsage(
  { request, cachedTokens }: Pick<ChatPlan, 'request' | 'cachedTokens'>,
  outputTokens: number,
): Usage {
  const { model, promptTokens: inputTokens } = request;
  return {
    inputTokens,
    outputTokens,
    costUsd: costUsd(model, inputTokens, outputTokens, cachedTokens),
  };
}
