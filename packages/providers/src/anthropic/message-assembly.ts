import { SluiceError } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../replies.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { upstreamError } from '../http/upstream-error.ts';
import { BlockAssembly } from './block-assembly.ts';
import { convertUsage } from './convert-usage.ts';
import { mapStopReason } from './map-stop-reason.ts';
import {
  knownEvents,
  messageEvent,
  wholeMessage,
  type Ending,
  type MessageEvent,
  type MessageUsage,
} from './message-event.ts';

type WholeReply = Omit<ChatReply, 'upstreamRequestId'>;

/** One message in the making: of the events of a stream, or of one whole document. */
export class MessageAssembly implements EventHandler<WholeReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #blocks: BlockAssembly;
  #model: string | undefined;
  #ending: Ending = {};
  #usage: MessageUsage = {};
  #hasStarted = false;
  #isWhole = false;

  constructor(context: CallContext, head: ReplyHead) {
    this.#context = context;
    this.#head = head;
    this.#blocks = new BlockAssembly(context.onDelta);
  }

  onEvent(event: EventSourceMessage): BodyState {
    if (event.data === '') return 'waiting';
    const value = parseJson(event.data, this.#context.target);
    if (isError(value)) throw this.#errorOf(value);
    if (!isRecord(value) || typeof value['type'] !== 'string') throw this.#notAMessage(value);
    // Anthropic adds events; a client must not mind.
    if (!knownEvents.has(value['type'])) return 'progress';
    const parsed = messageEvent.safeParse(value);
    if (!parsed.success) throw this.#notAMessage(value);
    return this.#add(parsed.data);
  }

  /** Only `message_stop` is an end; anything else was cut. */
  end(): WholeReply {
    if (!this.#isWhole) {
      const { name } = this.#context.target.provider;
      throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
    }
    if (!this.#hasStarted) throw this.#notAMessage({ type: 'message_stop' });
    return this.#finish();
  }

  /** The reply that a whole document is. Throws what it says if it is an error, `bad_upstream` if it is neither. */
  whole(value: unknown): WholeReply {
    if (isError(value)) throw this.#errorOf(value);
    const parsed = wholeMessage.safeParse(value);
    if (!parsed.success) throw this.#notAMessage(value);
    const { content, usage, model, ...ending } = parsed.data;
    this.#model = model ?? undefined;
    for (const [index, block] of content.entries()) {
      this.#blocks.start(index, block);
      this.#blocks.stop(index);
    }
    this.#ending = ending;
    this.#usage = usage ?? {};
    return this.#finish();
  }

  #add(event: MessageEvent): BodyState {
    switch (event.type) {
      case 'message_start':
        this.#hasStarted = true;
        this.#model = event.message.model ?? undefined;
        this.#addUsage(event.message.usage);
        return 'progress';
      case 'content_block_start':
        this.#blocks.start(event.index, event.content_block);
        return 'progress';
      case 'content_block_delta':
        if (!this.#blocks.add(event.index, event.delta)) throw this.#notAMessage(event);
        return 'progress';
      case 'message_delta':
        this.#ending = event.delta;
        this.#addUsage(event.usage);
        return 'progress';
      case 'message_stop':
        this.#isWhole = true;
        return 'done';
      case 'content_block_stop':
        if (typeof event.index === 'number') this.#blocks.stop(event.index);
        return 'progress';
      case 'ping':
        return 'waiting';
    }
  }

  /** Each count is a running total: the last one that is there counts. */
  #addUsage(usage: MessageUsage | null | undefined): void {
    const given = Object.entries(usage ?? {}).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    this.#usage = { ...this.#usage, ...Object.fromEntries(given) };
  }

  #finish(): WholeReply {
    const { stop_reason: reason, stop_details: details } = this.#ending;
    return {
      result: {
        type: 'chat',
        ...(this.#model !== undefined && { model: this.#model }),
        message: this.#blocks.finish(details?.explanation ?? undefined),
        finish_reason: mapStopReason(reason ?? undefined),
      },
      usage: convertUsage(this.#usage),
    };
  }

  #errorOf(value: unknown): SluiceError {
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, this.#head, fields);
  }

  #notAMessage(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that is no message', text);
  }
}

/** `{type: "error", error}`; proxies leave the type out. */
function isError(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return value['type'] === 'error' || (value['error'] !== undefined && value['error'] !== null);
}
