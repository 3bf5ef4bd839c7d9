import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { withoutForeign } from '../chat/fit-parameters.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { outputLimit, refuseParameter, stopSequences } from '../chat/refuse-input.ts';
import { refuseSaidMedia } from '../chat/refuse-said-media.ts';
import { convertMessages } from './convert-messages.ts';
import { convertThinking } from './convert-thinking.ts';
import { convertTools } from './convert-tools.ts';
import { defaultMaxTokens, hasFixedSampling } from './model-facts.ts';

/** The first version without sampling parameters. */
const noSamplingVersion = '2026-10-21';

type Body = Record<string, unknown>;

const foreign = [
  'seed',
  'verbosity',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'n',
  'logprobs',
  'top_logprobs',
  'store',
  'metadata',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
] as const;

/**
 * The body of a message. What Anthropic has no word for is refused, or dropped where the target says so: parameters that only
 * others have unless they change nothing, JSON without a schema, sampling that the model or version does not take.
 * @throws SluiceError `upstream_invalid_request`, naming the parameter.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function convertRequest(call: Pick<ChatCall, 'input' | 'target' | 'user'>): Body {
  const { target, user } = call;
  const own = fitPromptCache(target, call.input, { marks: true, keys: false, contents: false });
  const input = withoutForeign(target, own, foreign);
  refuseSaidMedia(target, input.messages, ['audio', 'images']);
  const { system, messages } = convertMessages(target, input.messages);
  const stop = stopSequences(input);
  const { thinking, effort } = convertThinking(target, input);
  const config = { ...convertFormat(target, input), ...(effort !== undefined && { effort }) };
  return {
    model: target.model,
    max_tokens: outputLimit(target, input) ?? defaultMaxTokens(target),
    ...(system.length > 0 && { system }),
    messages,
    ...convertTools(input),
    ...convertSampling(target, input),
    ...(input.cache_control && { cache_control: input.cache_control }),
    ...(thinking && { thinking }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
    ...(stop && { stop_sequences: stop }),
    ...convertTier(target, input),
    ...(user !== undefined && { metadata: { user_id: user } }),
    stream: true,
  };
}

/** `auto` is what it does by itself; of the tiers of others it has none but the usual one. */
function convertTier(target: Target, { service_tier: tier }: ChatInput): Body {
  switch (tier) {
    case 'auto':
      return { service_tier: tier };
    case 'default':
    case 'standard':
    case 'standard_only':
      return { service_tier: 'standard_only' };
    case undefined:
      return {};
    case 'flex':
    case 'scale':
    case 'priority':
    case 'fast':
      refuseParameter(target, 'service_tier', `"${tier}" is none of its tiers`);
      return {};
  }
}

function convertSampling(target: Target, { temperature, top_p, top_k }: ChatInput): Body {
  const { version = '' } = target.provider.options;
  // Dates in ISO form sort as text.
  if (version >= noSamplingVersion) {
    const problem = `version ${version} has no such`;
    if (temperature !== undefined && temperature !== 1)
      refuseParameter(target, 'temperature', problem);
    if (top_p !== undefined && top_p !== 1) refuseParameter(target, 'top_p', problem);
    if (top_k !== undefined) refuseParameter(target, 'top_k', problem);
    return {};
  }
  const isFixed = hasFixedSampling(target);
  const hot = temperature !== undefined && (isFixed ? temperature !== 1 : temperature > 1);
  if (hot)
    refuseParameter(target, 'temperature', isFixed ? 'the model takes 1 only' : 'it is above 1');
  const narrow = isFixed && top_p !== undefined && top_p < 0.99;
  if (narrow) refuseParameter(target, 'top_p', 'the model takes nothing below 0.99');
  if (isFixed && top_k !== undefined) refuseParameter(target, 'top_k', 'the model has no such');
  return {
    ...(temperature !== undefined && !hot && { temperature }),
    ...(top_p !== undefined && !narrow && { top_p }),
    ...(top_k !== undefined && !isFixed && { top_k }),
  };
}

/** Only a schema can be asked for; the model is always held to it, and its name is nothing but a label. */
function convertFormat(target: Target, { response_format: format }: ChatInput): Body {
  if (!format || format.type === 'text') return {};
  if (format.type === 'json_schema' && format.json_schema.schema) {
    return { format: { type: 'json_schema', schema: format.json_schema.schema } };
  }
  refuseParameter(target, 'response_format', 'it writes JSON only by a schema');
  return {};
}
