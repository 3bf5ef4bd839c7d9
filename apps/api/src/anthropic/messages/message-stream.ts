import type { CompletedJob, SluiceError, TextDelta, WireStream } from '@sluice/contracts';

import { anthropicError } from '../errors.ts';
import { keepThoughts } from './kept-thoughts.ts';
import {
  chatOf,
  directly,
  endOf,
  messageHead,
  messageUsage,
  type AskedMessage,
} from './message.ts';

/** Keeps a stream alive. */
export const pingFrame = frame('ping', {});

/**
 * A message in pieces: one block after the other, each with start, pieces and stop. Signatures of thoughts are known at the
 * end only, when the block of the thought is over; they come in a block of their own, which clients send back unread.
 * @see https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class MessageStream implements WireStream {
  readonly #asked: AskedMessage;
  #hasBegun = false;
  #index = -1;
  /** The open block: its kind, of a call with the call's place. */
  #open: string | undefined;

  constructor(asked: AskedMessage) {
    this.#asked = asked;
  }

  event(): string {
    return '';
  }

  delta({ reasoning, content, tool_calls: calls = [] }: TextDelta): string {
    let text = this.#begin();
    if (reasoning && this.#asked.showsThoughts) {
      const block = { type: 'thinking', thinking: '', signature: '' };
      text += this.#piece('thinking', block, { type: 'thinking_delta', thinking: reasoning });
    }
    if (content) {
      const block = { type: 'text', text: '', citations: null };
      text += this.#piece('text', block, { type: 'text_delta', text: content });
    }
    for (const call of calls) text += this.#callPiece(call);
    return text;
  }

  end(job: CompletedJob): string {
    const result = chatOf(job);
    const kept = keepThoughts(result.message, []);
    return (
      this.#begin() +
      (kept ? this.#start('kept', kept) : '') +
      this.#stop() +
      frame('message_delta', {
        delta: { container: null, ...endOf(result, this.#asked) },
        usage: messageUsage(job.usage),
      }) +
      frame('message_stop', {})
    );
  }

  error(error: SluiceError, requestId: string): string {
    return frame('error', anthropicError(error, requestId));
  }

  #begin(): string {
    if (this.#hasBegun) return '';
    this.#hasBegun = true;
    const message = {
      ...messageHead(this.#asked),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: messageUsage(undefined),
    };
    return frame('message_start', { message });
  }

  #callPiece(call: NonNullable<TextDelta['tool_calls']>[number]): string {
    const { index, id, function: called } = call;
    const block = {
      type: 'tool_use',
      id: id ?? `toolu_${this.#asked.jobId}_${index}`,
      name: called?.name ?? '',
      input: {},
      caller: directly,
    };
    const piece = called?.arguments;
    return this.#piece(
      `call ${index}`,
      block,
      piece ? { type: 'input_json_delta', partial_json: piece } : undefined,
    );
  }

  #piece(kind: string, block: object, delta: object | undefined): string {
    const start = this.#open === kind ? '' : this.#start(kind, block);
    if (!delta) return start;
    return start + frame('content_block_delta', { index: this.#index, delta });
  }

  #start(kind: string, block: object): string {
    const stop = this.#stop();
    this.#open = kind;
    this.#index += 1;
    return stop + frame('content_block_start', { index: this.#index, content_block: block });
  }

  #stop(): string {
    if (this.#open === undefined) return '';
    this.#open = undefined;
    return frame('content_block_stop', { index: this.#index });
  }
}

function frame(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
