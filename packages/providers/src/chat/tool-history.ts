import type { ChatMessage } from '@sluice/contracts';

import { isRecord } from '../http/error-fields.ts';

/** The function whose result the message at `index` is: the last call before it with that id. */
export function calledFunction(
  messages: readonly ChatMessage[],
  index: number,
  toolCallId: string,
): string | undefined {
  return messages
    .slice(0, index)
    .flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []))
    .findLast((call) => call.id === toolCallId)?.function.name;
}

/** A call's arguments as an object, for vendors that want no JSON text; undefined where the text is none. */
export function parseArguments(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
