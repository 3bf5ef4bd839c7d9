import { SluiceError, type ToolCall } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../adapter.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { excerptOf, redactorOf } from '../http/redact.ts';
import { requestIdOf, upstreamError } from '../http/upstream-error.ts';
import { convertUsage } from './convert-usage.ts';
import {
  generateContentResponse,
  type GenerateContentResponse,
  type ResponsePart,
  type UsageMetadata,
} from './generate-content-response.ts';
import { mapFinishReason } from './map-finish-reason.ts';

/** One answer in the making: of the events of a stream, or of one whole document. */
export class AnswerAssembly implements EventHandler<ChatReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #toolCalls: ToolCall[] = [];
  #content: string | undefined;
  #reasoning = '';
  #textSignature: string | undefined;
  #finishReason: string | undefined;
  #finishMessage: string | undefined;
  #usage: UsageMetadata | undefined;
  #model: string | undefined;
  #responseId: string | undefined;
  #hasCandidate = false;

  constructor(context: CallContext, head: ReplyHead) {
    this.#context = context;
    this.#head = head;
  }

  /** There is no terminal event: a piece with a finish reason and the usage is the last. */
  onEvent({ data }: EventSourceMessage): BodyState {
    if (data === '') return 'waiting';
    const chunk = this.add(parseJson(data, this.#context.target));
    return this.#finishReason !== undefined && chunk.usageMetadata ? 'done' : 'progress';
  }

  end(): ChatReply {
    if (this.#finishReason !== undefined) return this.finish();
    const { name } = this.#context.target.provider;
    throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
  }

  /** Adds a piece. Throws what it says if it is an error or a block, `bad_upstream` if it is no answer. */
  add(value: unknown): GenerateContentResponse {
    if (isRecord(value) && value['error']) throw this.#errorOf(value);
    const parsed = generateContentResponse.safeParse(value);
    if (!parsed.success) throw this.#notAnAnswer(value);
    const chunk = parsed.data;
    // The last one counts: each piece has the running total.
    if (chunk.usageMetadata) this.#usage = chunk.usageMetadata;
    if (chunk.modelVersion) this.#model = chunk.modelVersion;
    if (chunk.responseId) this.#responseId = chunk.responseId;
    const [candidate] = chunk.candidates ?? [];
    if (!candidate) this.#throwIfBlocked(chunk);
    if (!candidate || (candidate.index ?? 0) !== 0) return chunk;
    this.#hasCandidate = true;
    if (candidate.finishReason) this.#finishReason = candidate.finishReason;
    if (candidate.finishMessage) this.#finishMessage = candidate.finishMessage;
    for (const part of candidate.content?.parts ?? []) this.#addPart(part);
    return chunk;
  }

  /** The reply, of whatever has been added. Throws `bad_upstream` if that had no candidate. */
  finish(): ChatReply {
    if (!this.#hasCandidate) throw this.#notAnAnswer({ candidates: [] });
    this.#throwIfMalformed();
    const hasCalls = this.#toolCalls.length > 0;
    return {
      result: {
        type: 'chat',
        ...(this.#model !== undefined && { model: this.#model }),
        message: {
          role: 'assistant',
          content: this.#content || (hasCalls ? null : (this.#content ?? null)),
          ...(this.#reasoning !== '' && { reasoning: this.#reasoning }),
          ...(this.#textSignature !== undefined && {
            reasoning_parts: [{ type: 'thought_signature', signature: this.#textSignature }],
          }),
          ...(hasCalls && { tool_calls: this.#toolCalls }),
        },
        finish_reason: mapFinishReason(this.#finishReason, hasCalls),
      },
      usage: convertUsage(this.#usage),
      upstreamRequestId: requestIdOf(this.#head.headers) ?? this.#responseId,
    };
  }

  #addPart({ text, thought, thoughtSignature, functionCall }: ResponsePart): void {
    if (functionCall) {
      const place = this.#toolCalls.length;
      const callId =
        functionCall.id ||
        ['call', this.#responseId, place].filter((it) => it !== undefined).join('_');
      const toolCall: ToolCall = {
        id: callId,
        type: 'function',
        function: {
          name: functionCall.name ?? '',
          arguments: JSON.stringify(functionCall.args ?? {}),
        },
        ...(thoughtSignature && {
          extra_content: { google: { thought_signature: thoughtSignature } },
        }),
      };
      this.#toolCalls.push(toolCall);
      this.#context.onDelta?.({ tool_calls: [{ index: place, ...toolCall }] });
    }
    if (typeof text !== 'string') return;
    if (thoughtSignature && !functionCall) this.#textSignature = thoughtSignature;
    if (thought) this.#reasoning += text;
    else this.#content = (this.#content ?? '') + text;
    if (text !== '') this.#context.onDelta?.(thought ? { reasoning: text } : { content: text });
  }

  /** A prompt that Gemini does not answer has no candidates. */
  #throwIfBlocked({ promptFeedback }: GenerateContentResponse): void {
    const { blockReason: reason, blockReasonMessage: said } = promptFeedback ?? {};
    if (!reason) return;
    const message = this.#told(`blocked the prompt (${reason})`, said);
    throw new SluiceError('content_filtered', message, {
      upstreamCode: reason,
      upstreamRequestId: requestIdOf(this.#head.headers) ?? this.#responseId,
    });
  }

  /** A call that the model wrote wrongly, and nothing else, is no answer; the next attempt may be one. */
  #throwIfMalformed(): void {
    const reason = this.#finishReason;
    if (!reason?.startsWith('MALFORMED_') || this.#content || this.#toolCalls.length > 0) return;
    const message = this.#told(`sent no answer (${reason})`, this.#finishMessage);
    throw new SluiceError('upstream_error', message, { upstreamCode: reason });
  }

  #told(what: string, said: string | null | undefined): string {
    const { target } = this.#context;
    const words = said ? `: ${excerptOf(said, redactorOf(target), 300)}` : '';
    return `${target.provider.name} ${what}${words}`;
  }

  #errorOf(value: unknown): SluiceError {
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, this.#head, fields);
  }

  #notAnAnswer(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that is no answer of Gemini', text);
  }
}
