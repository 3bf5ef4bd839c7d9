import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { topLogprobs, withoutForeign } from '../chat/fit-parameters.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { outputLimit, refuseParameter, stopSequences } from '../chat/refuse-input.ts';
import { refuseSaidMedia } from '../chat/refuse-said-media.ts';
import { contextOf, keepAliveOf } from './configured-fields.ts';
import { convertMessages } from './convert-messages.ts';

type Fields = Record<string, unknown>;

const foreign = [
  'logit_bias',
  'parallel_tool_calls',
  'verbosity',
  'n',
  'service_tier',
  'store',
  'metadata',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
] as const;

/**
 * The body of `/api/chat`. Throws `upstream_invalid_request` for what Ollama cannot take, unless the target drops it.
 * @see https://docs.ollama.com/api/chat
 */
export function convertRequest({ input: given, target }: ChatCall): Fields {
  const own = fitPromptCache(target, given, { marks: false, keys: false, contents: false });
  const input = withoutForeign(target, own, foreign);
  refuseSaidMedia(target, input.messages, ['audio', 'images']);
  const options = convertOptions(target, input);
  const tools = convertTools(target, input);
  const format = convertFormat(input.response_format);
  const think = convertEffort(target, input.reasoning_effort);
  return {
    model: target.model,
    messages: convertMessages(target, input.messages),
    ...(tools && { tools }),
    ...(format !== undefined && { format }),
    ...(think !== undefined && { think }),
    ...convertLogprobs(target, input),
    ...(Object.keys(options).length > 0 && { options }),
    ...keepAliveOf(target),
    stream: true,
  };
}

function convertLogprobs(target: Target, input: ChatInput): Fields {
  const top = topLogprobs(target, input);
  if (top === undefined) return {};
  return { logprobs: true, ...(top > 0 && { top_logprobs: top }) };
}

function convertOptions(target: Target, input: ChatInput): Fields {
  const options: Fields = {
    temperature: input.temperature,
    top_p: input.top_p,
    top_k: input.top_k,
    num_predict: outputLimit(target, input),
    stop: stopSequences(input),
    seed: input.seed,
    frequency_penalty: input.frequency_penalty,
    presence_penalty: input.presence_penalty,
    ...contextOf(target),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Ollama has no tool choice: `auto` is what it does, and a model without tools calls none. */
function convertTools(target: Target, { tools, tool_choice: choice }: ChatInput) {
  if (choice === 'required' || typeof choice === 'object') refuseParameter(target, 'tool_choice');
  if (choice === 'none') return undefined;
  return tools?.map(({ type, function: { strict, ...definition } }, index) => {
    if (strict) refuseParameter(target, `tools[${index}].function.strict`);
    return { type, function: definition };
  });
}

/** Ollama writes by a grammar made of the schema, so `strict` asks for nothing more. */
function convertFormat(format: ChatInput['response_format']): unknown {
  switch (format?.type) {
    case 'json_object':
      return 'json';
    case 'json_schema':
      return format.json_schema.schema ?? 'json';
    case 'text':
    case undefined:
      return undefined;
  }
}

/** @see https://docs.ollama.com/capabilities/thinking */
function convertEffort(
  target: Target,
  effort: ChatInput['reasoning_effort'],
): boolean | string | undefined {
  switch (effort) {
    case 'none':
      return false;
    case 'low':
    case 'medium':
    case 'high':
      return effort;
    case 'minimal':
    case 'xhigh':
    case 'max':
      refuseParameter(target, 'reasoning_effort', `"${effort}" is none of its levels`);
      return undefined;
    case undefined:
      return undefined;
  }
}
