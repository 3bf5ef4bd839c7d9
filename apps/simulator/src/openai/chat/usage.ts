import type { Usage } from '../../ledger/ledger-entry.ts';
import { costUsd } from '../../models/catalogue.ts';
import type { ChatRequest } from './read-chat-request.ts';

/** OpenAI's usage object. The simulator caches no prompts and does not reason. */
export function completionUsage(promptTokens: number, completionTokens: number): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** What the ledger books for an answer of so many tokens. */
export function chatUsage(request: ChatRequest, outputTokens: number): Usage {
  const inputTokens = request.promptTokens;
  return { inputTokens, outputTokens, costUsd: costUsd(request.model, inputTokens, outputTokens) };
}
