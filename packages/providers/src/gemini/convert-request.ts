import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { topLogprobs, withoutForeign } from '../chat/fit-parameters.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { outputLimit, refuseParameter, stopSequences } from '../chat/refuse-input.ts';
import { convertMessages } from './convert-messages.ts';
import { convertThinking } from './convert-thinking.ts';

type Fields = Record<string, unknown>;

const foreign = [
  'logit_bias',
  'parallel_tool_calls',
  'verbosity',
  'store',
  'metadata',
  'prediction',
  'web_search_options',
] as const;

/**
 * The body of `generateContent`. Throws `upstream_invalid_request` for what Gemini cannot take, unless the target drops it.
 * @see https://ai.google.dev/api/generate-content
 */
export function convertRequest({ input: given, target }: ChatCall): Fields {
  const own = fitPromptCache(target, given, { marks: false, keys: false, contents: true });
  const input = withoutForeign(target, own, foreign);
  const generationConfig = convertGenerationConfig(target, input);
  return {
    ...convertMessages(target, input.messages),
    ...(input.tools && { tools: [{ functionDeclarations: convertTools(target, input.tools) }] }),
    ...convertToolChoice(input),
    ...(input.cached_content !== undefined && { cachedContent: input.cached_content }),
    ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
    ...convertTier(target, input),
  };
}

function convertGenerationConfig(target: Target, input: ChatInput): Fields {
  const fields: Fields = {
    temperature: input.temperature,
    topP: input.top_p,
    topK: input.top_k,
    maxOutputTokens: outputLimit(target, input),
    stopSequences: stopSequences(input),
    seed: input.seed,
    frequencyPenalty: input.frequency_penalty,
    presencePenalty: input.presence_penalty,
    candidateCount: input.n === 1 ? undefined : input.n,
    ...convertLogprobs(target, input),
    ...convertModalities(target, input),
    thinkingConfig: convertThinking(target, input.reasoning_effort),
    ...convertFormat(input.response_format),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function convertLogprobs(target: Target, input: ChatInput): Fields {
  const top = topLogprobs(target, input);
  if (top === undefined) return {};
  return { responseLogprobs: true, ...(top > 0 && { logprobs: top }) };
}

/** It speaks in bare samples of 16 bits only, and knows no voices that a client has made. */
function convertModalities(target: Target, { modalities, audio }: ChatInput): Fields {
  const isOwnVoice = typeof audio?.voice === 'object';
  if (isOwnVoice) refuseParameter(target, 'audio.voice', 'it must be one of its own, by name');
  if (audio && audio.format !== 'pcm16') {
    refuseParameter(target, 'audio.format', 'it speaks in "pcm16" only');
  }
  const speech = { voiceConfig: { prebuiltVoiceConfig: { voiceName: audio?.voice } } };
  return {
    responseModalities: modalities?.map((modality) => modality.toUpperCase()),
    ...(audio && !isOwnVoice && { speechConfig: speech }),
  };
}

/** @see https://ai.google.dev/api/generate-content#ServiceTier */
function convertTier(target: Target, { service_tier: tier }: ChatInput): Fields {
  switch (tier) {
    case 'flex':
    case 'priority':
      return { serviceTier: tier };
    case 'default':
    case 'standard':
    case 'standard_only':
      return { serviceTier: 'standard' };
    case 'auto':
    case undefined:
      return {};
    case 'scale':
    case 'fast':
      refuseParameter(target, 'service_tier', `"${tier}" is none of its tiers`);
      return {};
  }
}

/** Gemini always keeps to a schema, so `strict` asks for nothing more. */
function convertFormat(format: ChatInput['response_format']): Fields {
  switch (format?.type) {
    case 'json_object':
      return { responseMimeType: 'application/json' };
    case 'json_schema':
      return {
        responseMimeType: 'application/json',
        responseJsonSchema: format.json_schema.schema,
      };
    case 'text':
    case undefined:
      return {};
  }
}

function convertTools(target: Target, tools: NonNullable<ChatInput['tools']>): Fields[] {
  return tools.map(({ function: { name, description, parameters, strict } }, index) => {
    if (strict) refuseParameter(target, `tools[${index}].function.strict`);
    return {
      name,
      ...(description !== undefined && { description }),
      ...(parameters && { parametersJsonSchema: parameters }),
    };
  });
}

/** Without tools there is nothing to choose: `none` and `auto` are left out then, as they change nothing. */
function convertToolChoice({ tools, tool_choice: choice }: ChatInput): Fields {
  if (choice === undefined || (!tools && (choice === 'none' || choice === 'auto'))) return {};
  const functionCallingConfig =
    typeof choice === 'object'
      ? { mode: 'ANY', allowedFunctionNames: [choice.function.name] }
      : { mode: { none: 'NONE', auto: 'AUTO', required: 'ANY' }[choice] };
  return { toolConfig: { functionCallingConfig } };
}
