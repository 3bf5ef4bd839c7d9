import type { Exchange } from '../../server/exchange.ts';
import type { StreamPiece } from '../../server/answer-stream.ts';
import { splitText } from '../../text.ts';
import type { AnswerBlock } from './compose-answer.ts';
import { describeStart } from './message-plan.ts';
import type { MessagePlan } from './message-plan.ts';
import { deltaUsage } from './usage.ts';

/** What keeps a stream alive; it may come anywhere. */
export const PING = toEvent('ping', {});

/**
 * The events of a streamed message: `message_start`, the blocks, `message_delta` with the cumulative
 * usage, `message_stop`. A ping comes after the first block has begun.
 * @see https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export function* streamEvents(
  exchange: Exchange,
  plan: MessagePlan,
  chunks: number | undefined,
): Generator<StreamPiece> {
  const { answer, input } = plan;
  yield silent('message_start', { message: describeStart(exchange.call, plan) });
  for (const [index, block] of answer.blocks.entries()) {
    yield silent('content_block_start', { index, content_block: describeEmpty(block) });
    if (index === 0) yield { event: PING, characters: 0 };
    for (const { delta, characters } of deltas(block, chunks)) {
      yield { event: toEvent('content_block_delta', { index, delta }), characters };
    }
    yield silent('content_block_stop', { index });
  }
  const { stopReason, stopSequence, stopDetails, outputTokens, thinkingTokens } = answer;
  yield silent('message_delta', {
    delta: {
      stop_reason: stopReason,
      stop_sequence: stopSequence,
      stop_details: stopDetails,
      container: null,
    },
    usage: deltaUsage(input, outputTokens, thinkingTokens),
  });
  yield silent('message_stop', {});
}

type Delta = { delta: object; characters: number };

function* deltas(block: AnswerBlock, chunks: number | undefined): Generator<Delta> {
  switch (block.type) {
    case 'thinking': {
      const { thinking, shown, signature } = block;
      for (const part of shown ? splitText(thinking, chunks) : []) {
        yield { delta: { type: 'thinking_delta', thinking: part }, characters: part.length };
      }
      const unseen = shown ? 0 : thinking.length;
      yield { delta: { type: 'signature_delta', signature }, characters: unseen };
      break;
    }
    case 'text':
      for (const text of splitText(block.text, chunks)) {
        yield { delta: { type: 'text_delta', text }, characters: text.length };
      }
      break;
    case 'tool_use':
      yield* inputDeltas(block.name, JSON.stringify(block.input));
  }
}

/** The arguments come in parts that are not JSON by themselves, the first of them empty. */
function* inputDeltas(name: string, json: string): Generator<Delta> {
  yield { delta: { type: 'input_json_delta', partial_json: '' }, characters: name.length };
  for (const part of splitText(json, Math.ceil(json.length / 8))) {
    yield { delta: { type: 'input_json_delta', partial_json: part }, characters: part.length };
  }
}

function describeEmpty(block: AnswerBlock): object {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'text':
      return { type: 'text', text: '' };
    case 'tool_use': {
      const { type, id, name } = block;
      return { type, id, name, input: {}, caller: { type: 'direct' } };
    }
  }
}

function silent(type: string, fields: object): StreamPiece {
  return { event: toEvent(type, fields), characters: 0 };
}

function toEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
