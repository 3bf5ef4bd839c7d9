import type { Call } from '../../server/call.ts';
import type { Answer, AnswerBlock } from './compose-answer.ts';
import type { InputUse } from './prompt-cache.ts';
import type { MessageRequest } from './read-message-request.ts';
import { messageUsage } from './usage.ts';

/** A valid request, what of it was cached, and the answer it will get. */
export type MessagePlan = { request: MessageRequest; input: InputUse; answer: Answer };

/** The message of a whole answer. */
export function describeMessage(call: Call, { request, input, answer }: MessagePlan): object {
  const { stopReason, stopSequence, stopDetails, outputTokens, thinkingTokens } = answer;
  return {
    ...describeFrame(call, request),
    content: answer.blocks.map(describeBlock),
    stop_reason: stopReason,
    stop_sequence: stopSequence,
    stop_details: stopDetails,
    usage: messageUsage(input, outputTokens, thinkingTokens),
  };
}

/** The message a stream starts with; its `output_tokens` is a first count that later ones replace. */
export function describeStart(call: Call, { request, input, answer }: MessagePlan): object {
  return {
    ...describeFrame(call, request),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: messageUsage(input, Math.min(1, answer.outputTokens), 0),
  };
}

function describeFrame(call: Call, request: MessageRequest): object {
  return {
    id: `msg_${call.requestId.slice(4)}`,
    type: 'message',
    role: 'assistant',
    model: request.modelId,
    container: null,
    diagnostics: null,
  };
}

function describeBlock(block: AnswerBlock): object {
  switch (block.type) {
    case 'thinking': {
      const { type, thinking, shown, signature } = block;
      return { type, thinking: shown ? thinking : '', signature };
    }
    case 'text':
      return block;
    case 'tool_use':
      return { ...block, caller: { type: 'direct' } };
  }
}
