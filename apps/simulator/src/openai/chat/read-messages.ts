import type { Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import { invalidParameter } from '../errors.ts';

const ROLES = ['system', 'assistant', 'user', 'function', 'tool', 'developer'];
/** What a part that is not text (image, audio, file) adds to the prompt. */
const TOKENS_PER_MEDIA_PART = 85;

/** One message, its parts joined. */
export type ChatMessage = { role: string; text: string; mediaParts: number };

/** Reads `messages`, or says what is wrong with them. */
export function readMessages(messages: unknown): { list: ChatMessage[] } | Reply {
  if (messages === undefined) {
    const message = "Missing required parameter: 'messages'.";
    return invalidParameter(message, 'messages', 'missing_required_parameter');
  }
  if (!Array.isArray(messages)) {
    const message = "Invalid type for 'messages': expected an array of objects.";
    return invalidParameter(message, 'messages', 'invalid_type');
  }
  if (messages.length === 0) {
    const message =
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
    return invalidParameter(message, 'messages', 'empty_array');
  }
  const list: ChatMessage[] = [];
  for (const [index, message] of messages.entries()) {
    const read = readMessage(message, `messages[${index}]`);
    if ('status' in read) return read;
    list.push(read);
  }
  return { list };
}

/** Tokens of a prompt: the characters of its text and tools, and a flat count for media. */
export function measureMessages(messages: ChatMessage[], toolCharacters: number): number {
  let characters = toolCharacters;
  let mediaParts = 0;
  for (const message of messages) {
    characters += message.text.length;
    mediaParts += message.mediaParts;
  }
  return countTokens(characters) + mediaParts * TOKENS_PER_MEDIA_PART;
}

function readMessage(message: unknown, param: string): ChatMessage | Reply {
  if (typeof message !== 'object' || message === null) {
    const text = `Invalid type for '${param}': expected an object.`;
    return invalidParameter(text, param, 'invalid_type');
  }
  const { role, content, tool_call_id: toolCallId } = message as Record<string, unknown>;
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    const supported = ROLES.map((name) => `'${name}'`).join(', ');
    const text = `Invalid value: '${String(role)}'. Supported values are: ${supported}.`;
    return invalidParameter(text, `${param}.role`);
  }
  if (role === 'tool' && typeof toolCallId !== 'string') {
    const text = `Missing required parameter: '${param}.tool_call_id'.`;
    return invalidParameter(text, `${param}.tool_call_id`, 'missing_required_parameter');
  }
  return readContent(role, content, param);
}

function readContent(role: string, content: unknown, param: string): ChatMessage | Reply {
  if (typeof content === 'string') return { role, text: content, mediaParts: 0 };
  if (Array.isArray(content)) {
    const texts = content.map(partText);
    const text = texts.filter((part) => part !== undefined).join('\n');
    return { role, text, mediaParts: texts.filter((part) => part === undefined).length };
  }
  if (role === 'assistant' && (content === undefined || content === null)) {
    return { role, text: '', mediaParts: 0 };
  }
  const text = `Invalid value for 'content': expected a string or an array, got ${JSON.stringify(content) ?? 'nothing'}.`;
  return invalidParameter(text, `${param}.content`, 'invalid_type');
}

function partText(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null || !('text' in part)) return undefined;
  return typeof part.text === 'string' ? part.text : undefined;
}
