import { measureMessages } from '../../openai/chat/read-messages.ts';
import type { ChatMessage } from '../../openai/chat/read-messages.ts';
import { readTools } from '../../openai/chat/read-tools.ts';
import type { Reply } from '../../server/call.ts';
import { ollamaError, wrongType } from '../errors.ts';
import { readObject } from '../read-object.ts';
import type { OllamaRequest } from './ollama-request.ts';
import { readOptions } from './read-options.ts';

const ROLES = ['system', 'user', 'assistant', 'tool'];

/**
 * Checks a body of `POST /api/chat`. There is no `tool_choice`.
 * @see https://docs.ollama.com/api/chat
 */
export function readChatRequest(json: unknown): OllamaRequest | Reply {
  const body = readObject(json);
  if (body === undefined) return ollamaError(400, 'missing request body');
  const options = readOptions(body);
  if ('status' in options) return options;
  const messages = readMessages(body.messages ?? []);
  if ('status' in messages) return messages;
  const tools = readTools({ tools: emptyAsAbsent(body.tools) });
  if ('status' in tools) return ollamaError(400, 'invalid tools: every tool needs a function name');
  const { list } = messages;
  const { contextTokens, unload, maxTokens, stop, json: format, ...rest } = options;
  const load = unload ? 'unload' : 'load';
  return {
    ...rest,
    surface: 'chat',
    ask: {
      messages: list,
      tools: tools.list,
      toolChoice: tools.choice,
      maxTokens,
      stop,
      json: format,
    },
    promptTokens: Math.min(measureMessages(list, tools.characters), contextTokens),
    only: list.length === 0 ? load : undefined,
  };
}

function emptyAsAbsent(tools: unknown): unknown {
  return Array.isArray(tools) && tools.length === 0 ? undefined : tools;
}

function readMessages(messages: unknown): { list: ChatMessage[] } | Reply {
  if (!Array.isArray(messages)) {
    return wrongType(messages, 'ChatRequest.messages', '[]api.Message');
  }
  const list: ChatMessage[] = [];
  for (const message of messages) {
    const read = readMessage(message);
    if ('status' in read) return read;
    list.push(read);
  }
  return { list };
}

function readMessage(value: unknown): ChatMessage | Reply {
  const message = readObject(value);
  if (message === undefined) return wrongType(value, 'ChatRequest.messages', 'api.Message');
  const { role, content = '', images } = message;
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    const known = ROLES.map((name) => `"${name}"`).join(', ');
    return ollamaError(400, `invalid role: ${String(role)}, must be one of [${known}]`);
  }
  if (typeof content !== 'string') {
    return wrongType(content, 'ChatRequest.messages.content', 'string');
  }
  const calls = readCalls(message.tool_calls ?? []);
  if ('status' in calls) return calls;
  return {
    role,
    text: content + calls.text,
    mediaParts: Array.isArray(images) ? images.length : 0,
  };
}

/** Calls the model made before: their arguments are an object, never a JSON text. */
function readCalls(calls: unknown): { text: string } | Reply {
  if (!Array.isArray(calls)) {
    return wrongType(calls, 'ChatRequest.messages.tool_calls', '[]api.ToolCall');
  }
  let text = '';
  for (const call of calls) {
    const inner = readObject(readObject(call)?.function) ?? {};
    const { name = '', arguments: given = {} } = inner;
    if (readObject(given) === undefined) {
      const field = 'ChatRequest.messages.tool_calls.function.arguments';
      return wrongType(given, field, 'api.ToolCallFunctionArguments');
    }
    text += `${String(name)}${JSON.stringify(given)}`;
  }
  return { text };
}
