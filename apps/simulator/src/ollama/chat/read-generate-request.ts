import { measureMessages } from '../../openai/chat/read-messages.ts';
import type { ChatMessage } from '../../openai/chat/read-messages.ts';
import type { Reply } from '../../server/call.ts';
import { ollamaError, wrongType } from '../errors.ts';
import { readObject } from '../read-object.ts';
import type { OllamaRequest } from './ollama-request.ts';
import { readOptions } from './read-options.ts';

const TEXTS = ['prompt', 'system', 'suffix'];

/**
 * Checks a body of `POST /api/generate`.
 * @see https://docs.ollama.com/api/generate
 */
export function readGenerateRequest(json: unknown): OllamaRequest | Reply {
  const body = readObject(json);
  if (body === undefined) return ollamaError(400, 'missing request body');
  const options = readOptions(body);
  if ('status' in options) return options;
  for (const name of TEXTS) {
    const value = body[name] ?? '';
    if (typeof value !== 'string') return wrongType(value, `GenerateRequest.${name}`, 'string');
  }
  const messages = toMessages(body);
  const { contextTokens, unload, maxTokens, stop, json: format, ...rest } = options;
  const load = unload ? 'unload' : 'load';
  return {
    ...rest,
    surface: 'generate',
    ask: { messages, tools: [], toolChoice: 'none', maxTokens, stop, json: format },
    promptTokens: Math.min(measureMessages(messages, 0), contextTokens),
    only: messages.some(({ role, text }) => role === 'user' && text !== '') ? undefined : load,
  };
}

function toMessages({ prompt, system, suffix, images }: Record<string, unknown>): ChatMessage[] {
  const mediaParts = Array.isArray(images) ? images.length : 0;
  const before = [system, suffix].filter((text) => typeof text === 'string' && text !== '');
  return [
    ...before.map((text) => ({ role: 'system', text: String(text), mediaParts: 0 })),
    { role: 'user', text: typeof prompt === 'string' ? prompt : '', mediaParts },
  ];
}
