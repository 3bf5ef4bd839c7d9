import {
  chatInput,
  name,
  type ChatInput,
  type ChatMessage,
  type JobRecord,
} from '@sluice/contracts';
import { z } from 'zod';

import { appText } from './app-text.ts';
import { check, dropNulls, ignored, only, refuse } from './check.ts';
import type { LineFormat } from './formats.ts';
import { promptUsage } from './usage.ts';

const chatBody = z.strictObject({
  model: name,
  ...chatInput.shape,
  ...ignored,
  stream: only(false, 'results of a batch come whole'),
  n: only(1, 'send one request for each answer'),
  logprobs: only(false, 'log probabilities are not passed on'),
  modalities: z.tuple([z.literal('text')], { error: 'must be ["text"]' }).optional(),
});

/** @see https://platform.openai.com/docs/api-reference/chat/create */
export const chatFormat: LineFormat = {
  toRequest(body, apps) {
    const { model, input } = inputOf(body);
    if (!apps.isApp(model)) return { type: 'chat', model, input };
    return { type: 'workflow', app: model, input: appInput(input, apps.asksQuestion(model)) };
  },
  toReply(job) {
    return {
      id: `chatcmpl-${job.jobId.replace(/^batch_/, '')}`,
      object: 'chat.completion',
      created: Math.floor(job.createdAtMs / 1_000),
      model: job.model,
      choices: [
        { index: 0, message: messageOf(job), logprobs: null, finish_reason: finishReason(job) },
      ],
      usage: promptUsage(job.usage),
    };
  },
};

function inputOf(body: Record<string, unknown>): { model: string; input: ChatInput } {
  const { messages } = body;
  const tidy = { ...(dropNulls(body) as object) };
  const parsed = check(
    Array.isArray(messages) ? { ...tidy, messages: messages.map(tidyMessage) } : tidy,
    chatBody,
  );
  const { model, stream: _s, n: _n, logprobs: _l, modalities: _m, ...rest } = parsed;
  const { user: _u, safety_identifier: _i, metadata: _d, store: _t, ...more } = rest;
  const { service_tier: _tier, ...input } = more;
  return { model, input };
}

/**
 * The content of an answer that calls tools may be null; any other null is nothing. What an answer has beside that, and comes
 * back with it in a conversation, says nothing to a model.
 */
function tidyMessage(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const given = dropNulls(message) as Record<string, unknown>;
  if (given['role'] !== 'assistant') return given;
  const { annotations: _annotations, parsed: _parsed, reasoning_content: thought, ...rest } = given;
  const isNull = 'content' in message && message.content === null;
  return {
    ...rest,
    ...(thought !== undefined && { reasoning: thought }),
    ...(isNull && { content: null }),
  };
}

/** An app takes one text: the last message, with what stands before it in front. */
export function appInput({ messages }: ChatInput, asksQuestion: boolean) {
  const last = messages.at(-1);
  if (last?.role !== 'user') {
    throw refuse('messages', `the last one must be of the role user; got ${last?.role}`);
  }
  const before = messages.slice(0, -1).map((message) => {
    const isInstruction = message.role === 'system' || message.role === 'developer';
    return isInstruction ? textOf(message) : `${message.role}: ${textOf(message)}`;
  });
  const asked = textOf(last);
  const query = before.length === 0 ? asked : `${before.join('\n')}\n\nuser: ${asked}`;
  return asksQuestion ? { inputs: {}, query } : { inputs: { query } };
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function messageOf({ result }: JobRecord) {
  if (result?.type === 'workflow') {
    return { role: 'assistant', content: appText(result), refusal: null };
  }
  if (result?.type !== 'chat') throw new TypeError(`a ${result?.type} is no message`);
  const { content, reasoning, refusal = null, tool_calls: calls } = result.message;
  return {
    role: 'assistant',
    content,
    refusal,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(calls && { tool_calls: calls }),
  };
}

function finishReason({ result }: JobRecord): string {
  const reason = result?.type === 'chat' ? result.finish_reason.unified : 'stop';
  return reason === 'other' ? 'stop' : reason;
}
