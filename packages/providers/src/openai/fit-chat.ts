import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { refuseParameter } from '../chat/refuse-input.ts';
import { fitSampling } from './fit-sampling.ts';
import { fitTokenLimit } from './fit-token-limit.ts';

/**
 * The input as OpenAI knows it, also on Azure: the token limit under the model's name for it, no sampling where the model
 * takes none, nothing that is another vendor's.
 * @throws SluiceError `upstream_invalid_request`, naming the field, unless the target drops it.
 */
export function fitChat({ input: given, target }: Pick<ChatCall, 'input' | 'target'>): ChatInput {
  const own = fitPromptCache(target, given, { marks: false, keys: true, contents: false });
  const input = fitSampling(target, withoutTopK(target, own));
  return fitTokenLimit({ input, target });
}

function withoutTopK(target: Target, input: ChatInput): ChatInput {
  if (input.top_k === undefined) return input;
  refuseParameter(target, 'top_k');
  const { top_k: _k, ...rest } = input;
  return rest;
}
