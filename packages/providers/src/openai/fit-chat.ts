import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { topLogprobs, withoutForeign } from '../chat/fit-parameters.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { refuseParameter } from '../chat/refuse-input.ts';
import { refuseNamelessSound, refuseSaidMedia } from '../chat/refuse-said-media.ts';
import { fitSampling } from './fit-sampling.ts';
import { fitTokenLimit } from './fit-token-limit.ts';

/**
 * The input as OpenAI knows it, also on Azure: the token limit under the model's name for it, no sampling where the model
 * takes none, tiers in OpenAI's words, nothing that is another vendor's.
 * @throws SluiceError `upstream_invalid_request`, naming the field, unless the target drops it.
 */
export function fitChat({ input: given, target }: Pick<ChatCall, 'input' | 'target'>): ChatInput {
  const own = fitPromptCache(target, given, { marks: false, keys: true, contents: false });
  topLogprobs(target, own);
  refuseSaidMedia(target, own.messages, ['images']);
  refuseNamelessSound(target, own.messages);
  const known = withoutImages(target, withoutForeign(target, own, ['top_k']));
  return fitTokenLimit({ input: fitTier(fitSampling(target, known)), target });
}

function withoutImages(target: Target, { modalities, ...rest }: ChatInput): ChatInput {
  if (!modalities?.includes('image')) return { ...rest, ...(modalities && { modalities }) };
  refuseParameter(target, 'modalities', 'its models draw no images in a chat');
  return { ...rest, modalities: modalities.filter((modality) => modality !== 'image') };
}

/** Others' words for what OpenAI calls `default`. */
export function fitTier({ service_tier: tier, ...rest }: ChatInput): ChatInput {
  if (tier === undefined) return rest;
  const isUsual = tier === 'standard' || tier === 'standard_only';
  return { ...rest, service_tier: isUsual ? 'default' : tier };
}
