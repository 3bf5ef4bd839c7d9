import type { Target } from '@sluice/config';
import type { ChatInput, ChatMessage } from '@sluice/contracts';

import { refuseParameter } from './refuse-input.ts';

/** Which of the ways to steer a prompt cache a vendor knows. */
export interface PromptCacheFields {
  /** `cache_control` of the request, of parts, messages and tools: Anthropic's. */
  marks: boolean;
  /** `prompt_cache_key`, `prompt_cache_retention` and `prompt_cache_options`: OpenAI's. */
  keys: boolean;
  /** `cached_content`: Gemini's. */
  contents: boolean;
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
  const keyed = known.keys ? input : withoutFields(target, input, keyFields);
  const fitted = known.contents ? keyed : withoutFields(target, keyed, ['cached_content']);
  if (known.marks) return fitted;
  const { messages, tools } = fitted;
  return {
    ...withoutFields(target, fitted, ['cache_control']),
    messages: messages.map((message, index) => fitMessage(target, message, `messages[${index}]`)),
    ...(tools && { tools: tools.map((tool, at) => withoutMark(target, tool, `tools[${at}]`)) }),
  };
}

const keyFields = ['prompt_cache_key', 'prompt_cache_retention', 'prompt_cache_options'] as const;

function withoutFields(
  target: Target,
  input: ChatInput,
  fields: readonly ((typeof keyFields)[number] | 'cached_content' | 'cache_control')[],
): ChatInput {
  const rest = { ...input };
  for (const field of fields) {
    if (rest[field] !== undefined) refuseParameter(target, field);
    delete rest[field];
  }
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
