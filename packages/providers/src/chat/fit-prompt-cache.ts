import type { Target } from '@sluice/config';
import type { ChatInput, ChatMessage } from '@sluice/contracts';

import { refuseParameter } from './refuse-input.ts';

/** Which of the two ways to steer a vendor's prompt cache a vendor knows. */
export interface PromptCacheFields {
  /** `cache_control` of parts, messages and tools: Anthropic's. */
  marks: boolean;
  /** `prompt_cache_key` and `prompt_cache_retention`: OpenAI's. */
  keys: boolean;
}

/**
 * The input without what the target's vendor does not know of prompt caches, where the target drops it.
 * @throws SluiceError `upstream_invalid_request`, naming the first such field, where it does not.
 */
export function fitPromptCache(
  target: Target,
  input: ChatInput,
  known: PromptCacheFields,
): ChatInput {
  const fitted = known.keys ? input : withoutKeys(target, input);
  if (known.marks) return fitted;
  const { messages, tools } = fitted;
  return {
    ...fitted,
    messages: messages.map((message, index) => fitMessage(target, message, `messages[${index}]`)),
    ...(tools && { tools: tools.map((tool, at) => withoutMark(target, tool, `tools[${at}]`)) }),
  };
}

function withoutKeys(target: Target, input: ChatInput): ChatInput {
  const { prompt_cache_key: key, prompt_cache_retention: retention, ...rest } = input;
  if (key !== undefined) refuseParameter(target, 'prompt_cache_key');
  if (retention !== undefined) refuseParameter(target, 'prompt_cache_retention');
  return rest;
}

function fitMessage(target: Target, message: ChatMessage, path: string): ChatMessage {
  const { content } = message;
  const unmarked = 'cache_control' in message ? withoutMark(target, message, path) : message;
  if (typeof content === 'string' || !content) return unmarked;
  const parts = content.map((part, at) => withoutMark(target, part, `${path}.content[${at}]`));
  return { ...unmarked, content: parts };
}

function withoutMark<Marked extends { cache_control?: unknown }>(
  target: Target,
  marked: Marked,
  path: string,
): Marked {
  if (marked.cache_control === undefined) return marked;
  refuseParameter(target, `${path}.cache_control`);
  const copy = { ...marked };
  delete copy.cache_control;
  return copy;
}
