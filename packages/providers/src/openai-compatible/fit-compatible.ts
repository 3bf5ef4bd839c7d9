import type { Target } from '@sluice/config';
import type { ChatInput, ChatMessage } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { topLogprobs } from '../chat/fit-parameters.ts';
import { outputLimit } from '../chat/refuse-input.ts';
import { refuseNamelessSound } from '../chat/refuse-said-media.ts';
import { baseUrlOf } from '../http/base-url.ts';

/** OpenAI's own reasoning models behind a proxy, which may put its vendor's name in front. */
const reasoningModel = /(?:^|\/)(?:o[1-9]|gpt-(?:[5-9]|[1-9]\d))/;

/**
 * The input in the words that every server with this API has, where OpenAI has two for one thing: a developer message is a
 * system message, and the token limit goes by the name that the server knows. One that a server does not know it ignores
 * without a word, and writes on.
 * @throws SluiceError `upstream_invalid_request` for two token limits that differ, unless the target drops.
 */
export function fitCompatible({ input, target }: Pick<ChatCall, 'input' | 'target'>): ChatInput {
  const known = { marks: true, keys: true, contents: isGoogle(target) };
  const fitted = fitPromptCache(target, input, known);
  topLogprobs(target, fitted);
  refuseNamelessSound(target, fitted.messages);
  const { max_tokens: _old, max_completion_tokens: _new, ...rest } = fitted;
  const limit = outputLimit(target, fitted);
  return {
    ...rest,
    messages: fitted.messages.map(convertRole),
    ...(limit !== undefined && { [limitName(target)]: limit }),
  };
}

/** Google's own OpenAI-compatible address. */
export function isGoogle({ provider }: Target): boolean {
  return /(?:^|[./-])googleapis\.com$/.test(baseUrlOf(provider).hostname);
}

function convertRole(message: ChatMessage): ChatMessage {
  return message.role === 'developer' ? { ...message, role: 'system' } : message;
}

function limitName({ provider, model }: Target): string {
  return (
    provider.options['tokenLimit'] ??
    (reasoningModel.test(model) ? 'max_completion_tokens' : 'max_tokens')
  );
}
