import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';

/**
 * The body of a chat completion. Sluice's input is OpenAI's, so what the client sent goes on as it is, but for what belongs
 * to another vendor: the parts of what a model thought, and the signatures of tool calls unless Gemini is asked.
 */
export function convertRequest({ input, target, user }: ChatCall): Record<string, unknown> {
  const isSigned = knowsSignatures(target);
  return {
    ...input,
    messages: input.messages.map((message) => convertMessage(message, isSigned)),
    model: target.model,
    ...(user !== undefined && { user }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function convertMessage(message: ChatMessage, isSigned: boolean): object {
  if (message.role !== 'assistant') return message;
  const { reasoning: _told, reasoning_parts: _foreign, tool_calls: calls, ...rest } = message;
  if (!calls) return rest;
  const unsigned = calls.map(({ extra_content: _signature, ...call }) => call);
  return { ...rest, tool_calls: isSigned ? calls : unsigned };
}

/**
 * Gemini by Google's OpenAI-compatible address or behind a proxy that calls it by its name.
 * @see https://ai.google.dev/gemini-api/docs/openai
 */
function knowsSignatures({ provider, model }: Target): boolean {
  if (provider.kind !== 'openai-compatible') return false;
  return (
    /(?:^|[./-])googleapis\.com$/.test(new URL(provider.baseUrl).hostname) ||
    /(?:^|\/)gemini-/.test(model)
  );
}
