import { z } from 'zod';

import { dropNulls, isObject, mapList } from '@sluice/config';
import { chatInput, jobMetadata, name } from '@sluice/contracts';

import { fallbackFields } from '../fallbacks.ts';

/**
 * Body of `POST /v1/chat/completions`: OpenAI's. What steers OpenAI's own storage is taken and does nothing: `metadata` is the
 * job's, and jobs are stored. Whatever else a vendor has no word for fails the job, by name.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export const chatBody = z.strictObject({
  model: name,
  ...chatInput.shape,
  stream: z.boolean().optional(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().optional(),
      include_obfuscation: z.boolean().optional(),
    })
    .optional(),
  user: z.string().min(1).max(255).optional(),
  safety_identifier: z.string().min(1).max(255).optional(),
  metadata: jobMetadata.optional(),
  store: z.boolean().optional(),
  ...fallbackFields,
});
export type ChatBody = z.infer<typeof chatBody>;

/** What a client sent without what it means by it nothing: nulls, and what an answer has that is sent back as a message. */
export function tidyChatBody(body: unknown): unknown {
  const given = dropNulls(body);
  if (!isObject(given)) return given;
  return {
    ...given,
    ...('messages' in given && { messages: mapList(given['messages'], tidyMessage) }),
    ...('tools' in given && { tools: mapList(given['tools'], tidyTool) }),
    ...('stream_options' in given && { stream_options: dropNulls(given['stream_options']) }),
  };
}

function tidyMessage(message: unknown): unknown {
  if (!isObject(message)) return message;
  const { role, content } = message;
  const given = dropNulls(message) as Record<string, unknown>;
  if (role === 'tool') {
    const { name: _name, ...rest } = given;
    return rest;
  }
  if (role !== 'assistant') return given;
  const {
    annotations: _annotations,
    parsed: _parsed,
    reasoning_content: reasoning,
    ...rest
  } = given;
  return {
    ...rest,
    ...(reasoning !== undefined && { reasoning }),
    ...(content === null && { content }),
    ...('tool_calls' in rest && { tool_calls: mapList(rest['tool_calls'], tidyCall) }),
  };
}

function tidyCall(call: unknown): unknown {
  if (!isObject(call)) return call;
  const { index: _index, ...rest } = dropNulls(call) as Record<string, unknown>;
  const { function: called } = rest;
  if (!isObject(called)) return rest;
  const { parsed_arguments: _parsed, ...bare } = called;
  return { ...rest, function: bare };
}

function tidyTool(tool: unknown): unknown {
  if (!isObject(tool)) return tool;
  return { ...(dropNulls(tool) as object), function: dropNulls(tool['function']) };
}
