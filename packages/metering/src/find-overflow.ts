import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { countInputText, readContent } from './estimate-usage.ts';

/** A prompt that cannot fit, in tokens. */
export interface Overflow {
  /** Never more than the vendor would count. */
  atLeast: number;
  contextWindow: number;
}

/**
 * Bytes of the longest token of o200k_base: 128 spaces. Anything shorter, such as the eight bytes of a long word, would
 * refuse tables and logs, in which runs of one character are common.
 */
const maxBytesPerToken = 128;

/** Bytes of UTF-8 that a UTF-16 unit takes at most, and tokens around a message at most. */
const maxBytesPerUnit = 3;
const maxFrame = 16;

/**
 * What the size of a text alone tells, without a tokenizer: a prompt that cannot fit even if every token is as long as a
 * token can be. Attachments count for nothing.
 */
export function certainOverflow(input: ChatInput, contextWindow: number): Overflow | undefined {
  const atLeast = Math.ceil(textUnits(input) / maxBytesPerToken);
  return atLeast > contextWindow ? { atLeast, contextWindow } : undefined;
}

/**
 * A prompt whose text alone has more tokens than the model takes; nothing where the window is not known. Only a text with
 * more bytes than the window has tokens is counted at all, since no token is shorter than a byte.
 */
export async function findOverflow(
  input: ChatInput,
  { model, facts }: Pick<Target, 'model' | 'facts'>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Overflow | undefined> {
  const { contextWindow } = facts;
  if (contextWindow === undefined || mostTokens(input) <= contextWindow) return undefined;
  const atLeast = Math.floor((await countInputText(input, options)) * leastShare(model));
  return atLeast > contextWindow ? { atLeast, contextWindow } : undefined;
}

/**
 * How many tokens a model counts at least for one of o200k_base: OpenAI's own models one, but for what pieces of text miss;
 * Claude 1.2 to 1.5; others are known too little, some vocabularies being better at Chinese.
 */
function leastShare(model: string): number {
  if (/^(?:gpt-|chatgpt-|o\d)/.test(model)) return 0.99;
  return model.startsWith('claude-') ? 1 : 0.7;
}

function mostTokens(input: ChatInput): number {
  const { messages, tools, response_format: format } = input;
  const json = JSON.stringify([tools, format, messages.map(toolCallsOf)]);
  return (textUnits(input) + json.length) * maxBytesPerUnit + (messages.length + 1) * maxFrame;
}

function textUnits({ messages }: ChatInput): number {
  let units = 0;
  for (const { content } of messages) {
    for (const text of readContent(content).texts) units += text.length;
  }
  return units;
}

function toolCallsOf(message: ChatInput['messages'][number]): unknown {
  return message.role === 'assistant' ? message.tool_calls : undefined;
}
