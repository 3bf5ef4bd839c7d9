import type { ChatVariant } from '../openai/chat/chat-variant.ts';
import { ANSWER_RESULTS, BLOCKED_MARKER, blockedPrompt, PROMPT_RESULTS } from './content-filter.ts';

/**
 * Azure's chat: prompt and max_tokens are added up at admission, prompts and answers are filtered,
 * and a stream begins with a chunk about the prompt that has no choices.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota
 */
export const AZURE_CHAT: ChatVariant = {
  cachesPrompts: true,
  reserveTokens: ({ promptTokens, maxTokens = 0 }) => promptTokens + maxTokens,
  refuse: ({ messages }) =>
    messages.some(({ text }) => text.includes(BLOCKED_MARKER)) ? blockedPrompt() : undefined,
  answerFields: { prompt_filter_results: PROMPT_RESULTS },
  leadingChunk: {
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: PROMPT_RESULTS,
  },
  choiceFields: (hasContent) => ({ content_filter_results: hasContent ? ANSWER_RESULTS : {} }),
};
