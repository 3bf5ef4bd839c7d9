import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import { refuseLateInstruction, refuseParameter, unsupportedInput } from '../chat/refuse-input.ts';
import { refuseSaidMedia } from '../chat/refuse-said-media.ts';
import { calledFunction, parseArguments } from '../chat/tool-history.ts';
import { convertContent, type GeminiPart } from './convert-part.ts';

type MessageOf<Role extends ChatMessage['role']> = Extract<ChatMessage, { role: Role }>;

interface GeminiContent {
  role: 'user' | 'model';
  parts: GeminiPart[];
}

/** The conversation as Gemini has it: what the system says stands apart from it. */
export interface GeminiConversation {
  contents: GeminiContent[];
  systemInstruction?: { parts: GeminiPart[] };
}

/** Where in the input a message stands, and to whom it goes. */
interface Place {
  target: Target;
  messages: readonly ChatMessage[];
  index: number;
}

/**
 * Messages as `contents` and `systemInstruction`. Results of tools that were called together are one content, as Gemini
 * demands. Throws `upstream_invalid_request` for what Gemini cannot take, naming it.
 * @see https://ai.google.dev/api/caching#Content
 */
export function convertMessages(
  target: Target,
  messages: readonly ChatMessage[],
): GeminiConversation {
  const system: GeminiPart[] = [];
  const contents: GeminiContent[] = [];
  refuseSaidMedia(target, messages, ['audio']);
  for (const [index, message] of messages.entries()) {
    const place = { target, messages, index };
    if ('name' in message && message.name !== undefined) {
      refuseParameter(target, `messages[${index}].name`);
    }
    if (message.role === 'system' || message.role === 'developer') {
      refuseLateInstruction(target, messages, index);
      system.push(...convertContent(target, message.content, `messages[${index}].content`));
    } else {
      addContent(contents, message, place);
    }
  }
  return { contents, ...(system.length > 0 && { systemInstruction: { parts: system } }) };
}

function addContent(
  contents: GeminiContent[],
  message: MessageOf<'user' | 'assistant' | 'tool'>,
  place: Place,
): void {
  const last = contents.at(-1);
  const isResult = message.role === 'tool';
  if (isResult && last && place.messages[place.index - 1]?.role === 'tool') {
    last.parts.push(convertResult(message, place));
    return;
  }
  const role = message.role === 'assistant' ? 'model' : 'user';
  const parts = isResult ? [convertResult(message, place)] : convertTurn(message, place);
  contents.push({ role, parts: parts.length === 0 ? [{ text: '' }] : parts });
}

function convertTurn(message: MessageOf<'user' | 'assistant'>, place: Place): GeminiPart[] {
  const path = `messages[${place.index}]`;
  const said = convertContent(place.target, message.content ?? '', `${path}.content`);
  if (message.role === 'user') return said;
  const refused = message.refusal ? [{ text: message.refusal }] : [];
  const drawn = convertContent(place.target, message.images ?? [], `${path}.images`);
  const calls = (message.tool_calls ?? []).map((call, index): GeminiPart => {
    const args = parseArguments(call.function.arguments);
    const signature = call.extra_content?.google.thought_signature;
    if (args === undefined) {
      const field = `${path}.tool_calls[${index}].function.arguments`;
      throw unsupportedInput(place.target, field, 'it must be a JSON object');
    }
    return {
      functionCall: { id: call.id, name: call.function.name, args },
      ...(signature !== undefined && { thoughtSignature: signature }),
    };
  });
  return [...withSignature([...said, ...refused, ...drawn], message), ...calls];
}

/** The signature of what was said goes back with the end of it; Gemini also gives it in a part without a text. */
function withSignature(
  said: GeminiPart[],
  { reasoning_parts: parts = [] }: MessageOf<'assistant'>,
) {
  const signed = parts.find((part) => part.type === 'thought_signature');
  if (!signed) return said;
  const last = said.at(-1) ?? { text: '' };
  return [...said.slice(0, -1), { ...last, thoughtSignature: signed.signature }];
}

function convertResult(message: MessageOf<'tool'>, { target, messages, index }: Place): GeminiPart {
  const { tool_call_id: id, content } = message;
  const name = calledFunction(messages, index, id);
  if (name === undefined) {
    const problem = `no assistant message before it has the tool call "${id}"`;
    throw unsupportedInput(target, `messages[${index}].tool_call_id`, problem);
  }
  const path = `messages[${index}].content`;
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const texts = parts.map((part, at) => {
    if (part.type === 'text') return part.text;
    throw unsupportedInput(target, `${path}[${at}]`, 'the result of a tool must be text');
  });
  return { functionResponse: { id, name, response: responseOf(texts.join('')) } };
}

/** A response must be an object; text that is none goes under the name that Gemini gives it. */
function responseOf(text: string): Record<string, unknown> {
  const value = text === '' ? undefined : parseArguments(text);
  return value ?? { output: text };
}
