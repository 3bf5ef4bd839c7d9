import { deltaOfResult, SluiceError, type ChatResult } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../../replies.ts';
import type { BodyState } from '../../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../../http/error-fields.ts';
import type { EventHandler } from '../../http/event-reader.ts';
import type { ReplyHead } from '../../http/exchange.ts';
import { upstreamError } from '../../http/upstream-error.ts';
import { convertUsage } from '../../openai-compatible/convert-usage.ts';
import { convertOutput, isCall, thoughtGap } from './convert-output.ts';
import {
  knownEvents,
  responseEvent,
  wholeResponse,
  type OutputItem,
  type ResponseEvent,
  type WholeResponse,
} from './response-event.ts';

type WholeReply = Omit<ChatReply, 'upstreamRequestId'>;

/** One response in the making: of the events of a stream, or of one whole document. Its last event has all of it. */
export class ResponseAssembly implements EventHandler<WholeReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  /** Length of the arguments that were told, by the place of the call in the output. */
  readonly #toldCalls = new Map<number, number>();
  /** The thought that was told last. */
  #lastThought: string | undefined;
  #response: WholeResponse | undefined;

  constructor(context: CallContext, head: ReplyHead) {
    this.#context = context;
    this.#head = head;
  }

  onEvent({ event, data }: EventSourceMessage): BodyState {
    if (data === '') return 'waiting';
    // Not OpenAI's; servers that copy it send it.
    if (data.trim() === '[DONE]') return 'progress';
    const value = parseJson(data, this.#context.target);
    if (!isRecord(value)) throw this.#notAResponse(value);
    if (event === 'error' || value['type'] === 'error' || value['error'])
      throw this.#errorOf(value);
    if (typeof value['type'] !== 'string') throw this.#notAResponse(value);
    if (!knownEvents.has(value['type'])) return 'progress';
    const parsed = responseEvent.safeParse(value);
    if (!parsed.success) throw this.#notAResponse(value);
    return this.#add(parsed.data);
  }

  /** Only the event with the whole response is an end; anything else was cut. */
  end(): WholeReply {
    if (this.#response) return this.#finish(this.#response).reply;
    const { name } = this.#context.target.provider;
    throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
  }

  /** The reply that a whole document is, told in one piece. Throws what it says if it is an error, `bad_upstream` if it is neither. */
  whole(value: unknown): WholeReply {
    if (isRecord(value) && value['error'] && value['status'] === undefined)
      throw this.#errorOf(value);
    const parsed = wholeResponse.safeParse(value);
    if (!parsed.success) throw this.#notAResponse(value);
    const { reply, result } = this.#finish(parsed.data);
    const delta = deltaOfResult(result);
    if (delta && Object.keys(delta).length > 0) this.#context.onDelta?.(delta);
    return reply;
  }

  #add(event: ResponseEvent): BodyState {
    const { onDelta } = this.#context;
    switch (event.type) {
      case 'response.output_item.added':
        this.#beginCall(event.output_index, event.item);
        return 'progress';
      case 'response.output_item.done':
        this.#endCall(event.output_index, event.item);
        return 'progress';
      case 'response.output_text.delta':
        onDelta?.({ content: event.delta });
        return 'progress';
      case 'response.refusal.delta':
        onDelta?.({ refusal: event.delta });
        return 'progress';
      case 'response.function_call_arguments.delta':
        this.#addArguments(event.output_index, event.delta);
        return 'progress';
      case 'response.reasoning_summary_text.delta':
        this.#addThought(`${event.output_index}.s${event.summary_index}`, event.delta);
        return 'progress';
      case 'response.reasoning_text.delta':
        this.#addThought(`${event.output_index}.c${event.content_index}`, event.delta);
        return 'progress';
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#response = event.response;
        return 'done';
    }
  }

  #beginCall(at: number, item: OutputItem): void {
    if (!isCall(item) || this.#toldCalls.has(at)) return;
    const index = this.#toldCalls.size;
    this.#toldCalls.set(at, 0);
    const { call_id: id, name } = item;
    this.#context.onDelta?.({
      tool_calls: [
        { index, id: id ?? `call_${index}`, type: 'function', function: { name: name ?? '' } },
      ],
    });
  }

  #addArguments(at: number, text: string): void {
    const told = this.#toldCalls.get(at);
    if (told === undefined || text === '') return;
    const index = [...this.#toldCalls.keys()].indexOf(at);
    this.#toldCalls.set(at, told + text.length);
    this.#context.onDelta?.({ tool_calls: [{ index, function: { arguments: text } }] });
  }

  /** A call may come at once, without pieces. */
  #endCall(at: number, item: OutputItem): void {
    this.#beginCall(at, item);
    this.#addArguments(at, (item.arguments ?? '').slice(this.#toldCalls.get(at) ?? 0));
  }

  #addThought(thought: string, text: string): void {
    if (text === '') return;
    const isNext = this.#lastThought !== undefined && this.#lastThought !== thought;
    this.#lastThought = thought;
    this.#context.onDelta?.({ reasoning: isNext ? thoughtGap + text : text });
  }

  #finish(response: WholeResponse): { reply: WholeReply; result: ChatResult } {
    const { status, error, model, service_tier: tier, usage } = response;
    if (status === 'failed') throw this.#errorOf({ error: error ?? {} });
    if (status !== 'completed' && status !== 'incomplete') throw this.#notAResponse(response);
    const result: ChatResult = {
      type: 'chat',
      ...(model && { model }),
      ...convertOutput(response),
      ...(tier && { service_tier: tier }),
    };
    return { reply: { result, usage: convertUsage(usage ?? undefined) }, result };
  }

  #errorOf(value: unknown): SluiceError {
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, this.#head, fields);
  }

  #notAResponse(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that is no response', text);
  }
}
