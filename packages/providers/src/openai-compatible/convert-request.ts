import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import { isGoogle } from './fit-compatible.ts';

/**
 * The body of a chat completion. Sluice's input is OpenAI's, so what the client sent goes on as it is, but for what belongs
 * to another vendor: what a model thought unless DeepSeek is asked, and the signatures of tool calls unless Gemini is.
 */
export function convertRequest({
  input,
  target,
  user,
}: Pick<ChatCall, 'input' | 'target' | 'user'>): Record<string, unknown> {
  const wants = { signatures: knowsSignatures(target), thoughts: wantsThoughts(target) };
  const { cached_content: cached, ...fields } = input;
  return {
    ...fields,
    ...(cached !== undefined && { extra_body: { google: { cached_content: cached } } }),
    messages: input.messages.map((message) => convertMessage(message, wants)),
    model: target.model,
    ...(user !== undefined && { user }),
    ...(canStream(input) && { stream: true, stream_options: { include_usage: true } }),
  };
}

/** Sound comes in pieces only as bare samples; a file of any other format is whole or none. */
function canStream({ audio }: ChatCall['input']): boolean {
  return audio === undefined || audio.format === 'pcm16';
}

type SentCall = NonNullable<Extract<ChatMessage, { role: 'assistant' }>['tool_calls']>[number];

/** What a server wants back of what its model thought. */
interface Wants {
  signatures: boolean;
  thoughts: boolean;
}

function convertMessage(message: ChatMessage, wants: Wants): object {
  if (message.role !== 'assistant') return message;
  const { reasoning, reasoning_parts: _foreign, tool_calls: calls, ...said } = message;
  const { annotations: _shown, audio, ...rest } = said;
  const thoughts = wants.thoughts && reasoning !== undefined;
  return {
    ...rest,
    ...(audio && { audio: { id: audio.id } }),
    ...(thoughts && { reasoning_content: reasoning }),
    ...(calls && { tool_calls: wants.signatures ? calls : calls.map(withoutSignature) }),
  };
}

function withoutSignature({ extra_content: _signature, ...call }: SentCall): SentCall {
  return call;
}

/**
 * DeepSeek, by its own address or by its name behind a proxy: from its fourth version on it refuses a tool's result without
 * the thoughts before the call.
 * @see https://api-docs.deepseek.com/guides/thinking_mode
 */
function wantsThoughts({ provider, model }: Target): boolean {
  if (provider.kind !== 'openai-compatible') return false;
  return (
    /(?:^|\.)deepseek\.com$/.test(new URL(provider.baseUrl).hostname) ||
    /(?:^|\/)deepseek-/.test(model)
  );
}

/**
 * Gemini by Google's OpenAI-compatible address or behind a proxy that calls it by its name.
 * @see https://ai.google.dev/gemini-api/docs/openai
 */
function knowsSignatures(target: Target): boolean {
  const { provider, model } = target;
  if (provider.kind !== 'openai-compatible') return false;
  return isGoogle(target) || /(?:^|\/)gemini-/.test(model);
}
