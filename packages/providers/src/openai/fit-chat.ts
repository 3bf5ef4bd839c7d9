import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { fitTokenLimit } from './fit-token-limit.ts';

/**
 * The input as OpenAI knows it, also on Azure: the token limit under the model's name for it, no marks of Anthropic's.
 * @throws SluiceError `upstream_invalid_request`, naming the field, unless the target drops it.
 */
export function fitChat({ input, target }: Pick<ChatCall, 'input' | 'target'>): ChatInput {
  return fitTokenLimit({
    input: fitPromptCache(target, input, { marks: false, keys: true }),
    target,
  });
}
