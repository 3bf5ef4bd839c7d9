import { SluiceError } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../adapter.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { upstreamError } from '../http/upstream-error.ts';
import { chatChunk, type ChatChunk, type ChatDelta, type ChatUsage } from './chat-chunk.ts';
import { convertUsage } from './convert-usage.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { contentOf, reasoningOf } from './read-text.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';

type WholeReply = Omit<ChatReply, 'upstreamRequestId'>;

/** Reasons with which a server says that it gave up, not that the model stopped: DeepSeek, vLLM, OpenRouter. */
const givenUp: Record<string, 'upstream_overloaded' | 'upstream_error'> = {
  insufficient_system_resource: 'upstream_overloaded',
  abort: 'upstream_error',
  error: 'upstream_error',
};

/** One chat reply in the making: of the events of a stream, or of one whole document. */
export class ChatAssembly implements EventHandler<WholeReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #toolCalls = new ToolCallAssembly();
  #content: string | undefined;
  #reasoning: string | undefined;
  #refusal: string | undefined;
  #finishReason: string | undefined;
  #model: string | undefined;
  #usage: ChatUsage | undefined;
  #hasChoice = false;
  #isWhole = false;

  constructor(context: CallContext, head: ReplyHead) {
    this.#context = context;
    this.#head = head;
  }

  onEvent(event: EventSourceMessage): BodyState {
    if (event.data === '') return 'waiting';
    if (event.data.trim() === '[DONE]') {
      this.#isWhole = true;
      return 'done';
    }
    const value = parseJson(event.data, this.#context.target);
    if (event.event === 'error') throw this.#errorOf(value);
    this.add(value);
    return 'progress';
  }

  /** `[DONE]`, or an end after a finish reason, is an end. Anything else was cut. */
  end(): WholeReply {
    if (this.#isWhole || this.#finishReason !== undefined) return this.finish();
    const { name } = this.#context.target.provider;
    throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
  }

  /** Adds a chunk or a whole reply. Throws what it says if it is an error, `bad_upstream` if it is neither. */
  add(value: unknown): void {
    if (isError(value)) throw this.#errorOf(value);
    const parsed = chatChunk.safeParse(value);
    if (!parsed.success) throw this.#notAChat(value);
    this.#addChunk(parsed.data);
  }

  /** The reply, of whatever has been added. Throws `bad_upstream` if that had no choice. */
  finish(): WholeReply {
    if (!this.#hasChoice) throw this.#notAChat({ choices: [] });
    const reason = this.#finishReason;
    const failure = givenUp[reason ?? ''];
    if (failure) {
      const message = `${this.#context.target.provider.name} gave up inside the reply (${reason})`;
      throw new SluiceError(failure, message, { upstreamCode: reason });
    }
    const toolCalls = this.#toolCalls.finish();
    return {
      result: {
        type: 'chat',
        ...(this.#model !== undefined && { model: this.#model }),
        message: {
          role: 'assistant',
          content: this.#content || (toolCalls.length > 0 ? null : (this.#content ?? null)),
          ...(this.#reasoning && { reasoning: this.#reasoning }),
          ...(this.#refusal && { refusal: this.#refusal }),
          ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
        },
        finish_reason: mapFinishReason(reason, toolCalls.length > 0),
      },
      usage: convertUsage(this.#usage),
    };
  }

  #addChunk(chunk: ChatChunk): void {
    // The last one counts: some servers send a running total with every chunk.
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.model) this.#model = chunk.model;
    for (const choice of chunk.choices ?? []) {
      if ((choice.index ?? 0) !== 0) continue;
      this.#hasChoice = true;
      if (choice.usage) this.#usage = choice.usage;
      if (choice.finish_reason) this.#finishReason = choice.finish_reason;
      const delta = choice.delta ?? choice.message;
      if (delta) this.#addDelta(delta);
    }
  }

  #addDelta(delta: ChatDelta): void {
    const [content, reasoning] = [contentOf(delta), reasoningOf(delta)];
    const refusal = delta.refusal ?? undefined;
    this.#content = joined(this.#content, content);
    this.#reasoning = joined(this.#reasoning, reasoning);
    this.#refusal = joined(this.#refusal, refusal);
    const toolCalls = (delta.tool_calls ?? []).map((toolCall) => this.#toolCalls.add(toolCall));
    if (!content && !reasoning && !refusal && toolCalls.length === 0) return;
    this.#context.onDelta?.({
      ...(content && { content }),
      ...(reasoning && { reasoning }),
      ...(refusal && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    });
  }

  #errorOf(value: unknown): SluiceError {
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, this.#head, fields);
  }

  #notAChat(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that is no chat completion', text);
  }
}

/** `{error: …}` that is not null, or SGLang's flat `{object: "error"}`. */
function isError(value: unknown): boolean {
  if (!isRecord(value)) return Array.isArray(value) && isError(value[0]);
  return (value['error'] !== undefined && value['error'] !== null) || value['object'] === 'error';
}

function joined(before: string | undefined, piece: string | undefined): string | undefined {
  return piece === undefined ? before : (before ?? '') + piece;
}
