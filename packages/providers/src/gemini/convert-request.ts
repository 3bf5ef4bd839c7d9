import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { fitPromptCache } from '../chat/fit-prompt-cache.ts';
import { outputLimit, refuseParameter, stopSequences } from '../chat/refuse-input.ts';
import { convertMessages } from './convert-messages.ts';
import { convertThinking } from './convert-thinking.ts';

type Fields = Record<string, unknown>;

/**
 * The body of `generateContent`. Throws `upstream_invalid_request` for what Gemini cannot take, unless the target drops it.
 * @see https://ai.google.dev/api/generate-content
 */
export function convertRequest({ input: given, target }: ChatCall): Fields {
  const input = fitPromptCache(target, given, { marks: false, keys: false, contents: true });
  if (Object.keys(input.logit_bias ?? {}).length > 0) refuseParameter(target, 'logit_bias');
  if (input.parallel_tool_calls === false) refuseParameter(target, 'parallel_tool_calls');
  if (input.verbosity !== undefined) refuseParameter(target, 'verbosity');
  const generationConfig = convertGenerationConfig(target, input);
  return {
    ...convertMessages(target, input.messages),
    ...(input.tools && { tools: [{ functionDeclarations: convertTools(target, input.tools) }] }),
    ...convertToolChoice(input),
    ...(input.cached_content !== undefined && { cachedContent: input.cached_content }),
    ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
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
    thinkingConfig: convertThinking(target, input.reasoning_effort),
    ...convertFormat(input.response_format),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
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
