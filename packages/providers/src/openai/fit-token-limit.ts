import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { outputLimit } from '../chat/refuse-input.ts';

/** o1, o3, o4-mini, gpt-5 and what came after them. */
export const reasoningModel = /^(?:o[1-9]|gpt-(?:[5-9]|[1-9]\d))/;

/**
 * The input with its token limit under the name that the model knows: reasoning models refuse `max_tokens`, whose meaning
 * `max_completion_tokens` has.
 * @throws SluiceError `upstream_invalid_request` for a reasoning model and two different limits, unless the target drops.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function fitTokenLimit({ input, target }: Pick<ChatCall, 'input' | 'target'>): ChatInput {
  if (input.max_tokens === undefined || !reasoningModel.test(target.model)) return input;
  const { max_tokens: _old, ...rest } = input;
  return { ...rest, max_completion_tokens: outputLimit(target, input) };
}
