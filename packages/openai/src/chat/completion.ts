import type {
  ChatResult,
  CompletedJob,
  TextDelta,
  TimelineEvent,
  ToolCall,
  WireStream,
} from '@sluice/contracts';

import { appText } from '../app/app-text.ts';
import { openaiError } from '../errors.ts';
import { completionUsage } from '../usage.ts';

/** What the answer says of the call: the model as the client has named it. */
export interface Asked {
  jobId: string;
  model: string;
  /** The output of a workflow that is its answer. */
  outputVariable?: string | undefined;
  includeUsage?: boolean | undefined;
}

/** OpenAI's word for why the model stopped. */
export function finishReasonOf(result: CompletedJob['result']) {
  const reason = result.type === 'chat' ? result.finish_reason.unified : 'stop';
  return reason === 'other' ? 'stop' : reason;
}

/**
 * A completed job as a chat completion. `reasoning_content` and `reasoning_parts` are no fields of OpenAI's: what a vendor wants
 * back of a thought goes through the client, which sends the message back as it came.
 * @see https://platform.openai.com/docs/api-reference/chat/object
 */
export function completionOf(job: CompletedJob, asked: Asked) {
  return {
    ...headOf(asked, 'chat.completion', job.createdAtMs),
    choices: [
      {
        index: 0,
        message: messageOf(job.result, asked),
        logprobs: null,
        finish_reason: finishReasonOf(job.result),
      },
    ],
    usage: completionUsage(job.usage),
  };
}

function headOf({ jobId, model }: Asked, object: string, createdAtMs: number) {
  const id = `chatcmpl-${jobId.replace(/^job_/, '')}`;
  return { id, object, created: Math.floor(createdAtMs / 1_000), model };
}

interface SentMessage {
  role: 'assistant';
  content: string | null;
  refusal: string | null;
  annotations?: [];
  reasoning_content?: string;
  reasoning_parts?: ChatResult['message']['reasoning_parts'];
  tool_calls?: ToolCall[];
}

function messageOf(result: CompletedJob['result'], { outputVariable }: Asked): SentMessage {
  if (result.type === 'workflow') {
    return { role: 'assistant', content: appText(result, outputVariable), refusal: null };
  }
  if (result.type !== 'chat') throw new TypeError(`a ${result.type} is no message`);
  const { reasoning, refusal = null, reasoning_parts: parts, tool_calls: calls } = result.message;
  return {
    role: 'assistant',
    content: result.message.content,
    refusal,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(parts && { reasoning_parts: parts }),
    ...(calls && { tool_calls: calls }),
    annotations: [],
  };
}

/**
 * The same in pieces, each a chunk without an event name, then `[DONE]`.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export function completionStream(asked: Asked): WireStream {
  let createdAtMs = 0;
  let hasBegun = false;
  const usage = asked.includeUsage ? { usage: null } : {};
  const frame = (choices: unknown[], more: object = usage) => {
    const head = headOf(asked, 'chat.completion.chunk', createdAtMs);
    return `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
  };
  const chunk = (delta: object, finishReason: string | null = null) =>
    frame([{ index: 0, delta, logprobs: null, finish_reason: finishReason }]);
  const begin = () => {
    if (hasBegun) return '';
    hasBegun = true;
    return chunk({ role: 'assistant', content: '', refusal: null });
  };
  return {
    event(event: TimelineEvent) {
      if (event.type === 'queued' && createdAtMs === 0) createdAtMs = Date.parse(event.at);
      return '';
    },
    delta: (delta) => begin() + chunk(sentDelta(delta)),
    end({ result, usage: used }) {
      // A workflow whose text is in its outputs has said nothing until now.
      const late = result.type === 'workflow' && !hasBegun;
      const text = late ? { content: appText(result, asked.outputVariable) } : undefined;
      const parts = result.type === 'chat' ? result.message.reasoning_parts : undefined;
      return (
        begin() +
        (text ? chunk(text) : '') +
        chunk(parts ? { reasoning_parts: parts } : {}, finishReasonOf(result)) +
        (asked.includeUsage ? frame([], { usage: completionUsage(used) }) : '') +
        'data: [DONE]\n\n'
      );
    },
    error: (error, requestId) =>
      `data: ${JSON.stringify({ error: openaiError(error), request_id: requestId })}\n\n`,
  };
}

function sentDelta({ reasoning, ...delta }: TextDelta): object {
  return { ...delta, ...(reasoning !== undefined && { reasoning_content: reasoning }) };
}
