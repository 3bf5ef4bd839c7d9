import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../../adapter.ts';
import { withoutForeign } from '../../chat/fit-parameters.ts';
import { outputLimit } from '../../chat/refuse-input.ts';
import { refuseSaidMedia } from '../../chat/refuse-said-media.ts';
import { fitChat } from '../fit-chat.ts';
import { reasoningModel } from '../fit-token-limit.ts';
import { convertInput } from './convert-input.ts';

type Body = Record<string, unknown>;

/** What only chat completions have. */
const foreign = [
  'n',
  'stop',
  'seed',
  'logit_bias',
  'frequency_penalty',
  'presence_penalty',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
] as const;

/**
 * The body of a response. Nothing is stored at OpenAI unless the input says so, and what the model thinks comes back encrypted,
 * to be sent along with the results of its tools. `strict` is what the client said: the API's own default is the other way.
 * @throws SluiceError `upstream_invalid_request`, naming the parameter that the API does not have, unless the target drops it.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function convertRequest(call: Pick<ChatCall, 'input' | 'target' | 'user'>): Body {
  const { target, user } = call;
  const input = withoutForeign(target, fitChat(call), foreign);
  refuseSaidMedia(target, input.messages, ['audio']);
  const { reasoning_effort: effort, temperature, top_p: topP } = input;
  const fields: Body = {
    max_output_tokens: outputLimit(target, input),
    temperature,
    top_p: topP,
    parallel_tool_calls: input.parallel_tool_calls,
    reasoning: effort === undefined ? undefined : { effort },
    service_tier: input.service_tier,
    metadata: input.metadata,
    prompt_cache_key: input.prompt_cache_key,
    prompt_cache_retention: input.prompt_cache_retention,
    prompt_cache_options: input.prompt_cache_options,
    top_logprobs: input.logprobs ? (input.top_logprobs ?? 0) : undefined,
    user,
  };
  return {
    model: target.model,
    input: convertInput(target, input.messages),
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    ...convertTools(input),
    ...convertText(input),
    ...convertInclude(input, target.model),
    store: input.store ?? false,
    stream: true,
  };
}

/** Models that do not reason refuse to encrypt what they thought. */
function convertInclude({ logprobs }: ChatInput, model: string): Body {
  const include = [
    ...(reasoningModel.test(model) && !/-chat\b/.test(model)
      ? ['reasoning.encrypted_content']
      : []),
    ...(logprobs ? ['message.output_text.logprobs'] : []),
  ];
  return include.length > 0 ? { include } : {};
}

function convertTools({ tools, tool_choice: choice }: ChatInput): Body {
  return {
    ...(tools && {
      tools: tools.map(({ type, function: { name, description, parameters, strict } }) => ({
        type,
        name,
        ...(description !== undefined && { description }),
        parameters: parameters ?? { type: 'object', properties: {} },
        strict: strict ?? false,
      })),
    }),
    ...(choice !== undefined && {
      tool_choice:
        typeof choice === 'string' ? choice : { type: 'function', name: choice.function.name },
    }),
  };
}

function convertText({ response_format: format, verbosity }: ChatInput): Body {
  const text = {
    ...(format && { format: convertFormat(format) }),
    ...(verbosity !== undefined && { verbosity }),
  };
  return Object.keys(text).length > 0 ? { text } : {};
}

function convertFormat(format: NonNullable<ChatInput['response_format']>): Body {
  if (format.type !== 'json_schema') return format;
  return { type: format.type, schema: {}, ...format.json_schema };
}
