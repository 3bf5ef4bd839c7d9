import type { Target } from '@sluice/config';
import type { ChatMessage, ReasoningPart } from '@sluice/contracts';

import { refuseParameter, unsupportedInput } from '../../chat/refuse-input.ts';

/** An item of a response's input. */
export type InputItem = Record<string, unknown>;

type Content = NonNullable<ChatMessage['content']>;
type ContentPart = Exclude<Content, string>[number];

/**
 * Messages as items: what the model thought, said and called stands apart, in the order in which it came.
 * @throws SluiceError `upstream_invalid_request`, naming the part that the API cannot take: names and sound.
 * @see https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
 */
export function convertInput(target: Target, messages: readonly ChatMessage[]): InputItem[] {
  return messages.flatMap((message, index) =>
    convertMessage(target, message, `messages[${index}]`),
  );
}

function convertMessage(target: Target, message: ChatMessage, path: string): InputItem[] {
  if ('name' in message && message.name !== undefined) refuseParameter(target, `${path}.name`);
  const content = (given: Content) => convertContent(target, given, `${path}.content`);
  switch (message.role) {
    case 'system':
    case 'developer':
    case 'user':
      return [{ role: message.role, content: content(message.content) }];
    case 'tool': {
      const { tool_call_id: id, content: result } = message;
      return [{ type: 'function_call_output', call_id: id, output: content(result) }];
    }
    case 'assistant':
      return convertAnswer(target, message, path);
  }
}

function convertAnswer(
  target: Target,
  message: ChatMessage & { role: 'assistant' },
  path: string,
): InputItem[] {
  const { content, refusal, tool_calls: calls = [], reasoning_parts: parts = [] } = message;
  const said = [
    ...textsOf(target, content ?? '', `${path}.content`).map((text) => {
      return { type: 'output_text', text, annotations: [] };
    }),
    ...(refusal ? [{ type: 'refusal', refusal }] : []),
  ];
  return [
    ...convertThoughts(parts, undefined),
    ...(said.length > 0 ? [{ role: 'assistant', content: said }] : []),
    ...calls.flatMap(({ id, function: { name, arguments: text } }, index) => [
      ...convertThoughts(parts, index),
      { type: 'function_call', call_id: id, name, arguments: text },
    ]),
  ];
}

/** What the model thought before that call, or before all else; thoughts of other vendors say nothing to this one. */
function convertThoughts(parts: readonly ReasoningPart[], place: number | undefined): InputItem[] {
  return parts.flatMap((part) => {
    if (part.type !== 'encrypted_reasoning' || part.before_tool_call !== place) return [];
    const summary = (part.summary ?? []).map((text) => ({ type: 'summary_text', text }));
    const { id, encrypted_content } = part;
    return { type: 'reasoning', id, summary, encrypted_content };
  });
}

function textsOf(target: Target, content: Content, path: string): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content];
  return content.map((part, index) => {
    if (part.type === 'text') return part.text;
    const problem = 'what the assistant has said must be text';
    throw unsupportedInput(target, `${path}[${index}]`, problem);
  });
}

function convertContent(target: Target, content: Content, path: string): string | InputItem[] {
  if (typeof content === 'string') return content;
  return content.map((part, index) => convertPart(target, part, `${path}[${index}]`));
}

function convertPart(target: Target, part: ContentPart, path: string): InputItem {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image_url': {
      const { url, detail = 'auto' } = part.image_url;
      return { type: 'input_image', image_url: url, detail };
    }
    case 'file':
      return { type: 'input_file', ...part.file };
    case 'input_audio':
      throw unsupportedInput(target, path, 'the Responses API takes no sound');
  }
}
