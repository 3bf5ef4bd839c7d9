import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import { readDataUrl } from '../chat/data-url.ts';
import { refuseParameter, unsupportedInput } from '../chat/refuse-input.ts';
import { calledFunction, parseArguments } from '../chat/tool-history.ts';

type Content = NonNullable<ChatMessage['content']>;
type ContentPart = Exclude<Content, string>[number];
type ToolCalls = NonNullable<Extract<ChatMessage, { role: 'assistant' }>['tool_calls']>;

/** One message as Ollama has it. */
export interface OllamaMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** Base64, without a data URL around it. */
  images?: string[];
  tool_calls?: { function: { name: string; arguments: Record<string, unknown> } }[];
  tool_name?: string;
}

/**
 * Messages in Ollama's form: one text each, images beside it, the arguments of calls as objects, results under the name of
 * the tool. Throws `upstream_invalid_request` for what Ollama cannot take, naming it.
 * @see https://docs.ollama.com/api/chat
 */
export function convertMessages(target: Target, messages: readonly ChatMessage[]): OllamaMessage[] {
  return messages.map((message, index) => {
    const path = `messages[${index}]`;
    if ('name' in message && message.name !== undefined) refuseParameter(target, `${path}.name`);
    const content = convertContent(target, message.content ?? '', `${path}.content`);
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', ...content };
      case 'user':
        return { role: 'user', ...content };
      case 'assistant':
        return {
          role: 'assistant',
          ...content,
          ...(message.refusal && { content: content.content + message.refusal }),
          ...(message.tool_calls && {
            tool_calls: convertCalls(target, message.tool_calls, `${path}.tool_calls`),
          }),
        };
      case 'tool': {
        const toolName = calledFunction(messages, index, message.tool_call_id);
        if (toolName !== undefined) return { role: 'tool', ...content, tool_name: toolName };
        const problem = `no assistant message before it has the tool call "${message.tool_call_id}"`;
        throw unsupportedInput(target, `${path}.tool_call_id`, problem);
      }
    }
  });
}

function convertContent(
  target: Target,
  content: Content,
  path: string,
): Pick<OllamaMessage, 'content' | 'images'> {
  if (typeof content === 'string') return { content };
  const texts: string[] = [];
  const images: string[] = [];
  for (const [index, part] of content.entries()) {
    if (part.type === 'text') texts.push(part.text);
    else images.push(imageOf(target, part, `${path}[${index}]`));
  }
  return { content: texts.join('\n'), ...(images.length > 0 && { images }) };
}

function imageOf(target: Target, part: ContentPart, path: string): string {
  if (part.type !== 'image_url') {
    throw unsupportedInput(target, path, 'it takes text and images only');
  }
  const { url, detail = 'auto' } = part.image_url;
  if (detail !== 'auto') refuseParameter(target, `${path}.image_url.detail`);
  const inline = readDataUrl(url);
  if (inline) return inline.base64;
  throw unsupportedInput(target, `${path}.image_url.url`, 'it must be a data URL');
}

function convertCalls(
  target: Target,
  calls: ToolCalls,
  path: string,
): NonNullable<OllamaMessage['tool_calls']> {
  return calls.map(({ function: { name, arguments: text } }, index) => {
    const parsed = parseArguments(text);
    if (parsed) return { function: { name, arguments: parsed } };
    const field = `${path}[${index}].function.arguments`;
    throw unsupportedInput(target, field, 'it must be a JSON object');
  });
}
