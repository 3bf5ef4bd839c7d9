import {
  SluiceError,
  type FinishReason,
  type TokenLogprob,
  type ToolCall,
} from '@sluice/contracts';

import type { ChatReply } from '../replies.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { ReplyHead } from '../http/exchange.ts';
import type { LineHandler } from '../http/line-reader.ts';
import { requestIdOf, upstreamError } from '../http/upstream-error.ts';
import { chatLine, type ChatLine } from './chat-line.ts';
import { convertUsage } from './convert-usage.ts';

const unified: Record<string, FinishReason['unified']> = { stop: 'stop', length: 'length' };

/** One chat reply in the making: of the lines of a stream, or of one whole document. */
export class ChatAssembly implements LineHandler<ChatReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #toolCalls: ToolCall[] = [];
  readonly #logprobs: TokenLogprob[] = [];
  #content = '';
  #reasoning = '';
  #last: ChatLine | undefined;

  constructor(context: CallContext, head: ReplyHead) {
    this.#context = context;
    this.#head = head;
  }

  onLine(line: string): BodyState {
    this.add(parseJson(line, this.#context.target));
    return this.#last ? 'done' : 'progress';
  }

  /** Adds a line or a whole reply. Throws what it says if it is an error, `bad_upstream` if it is neither. */
  add(value: unknown): void {
    const { target, judge, http } = this.#context;
    if (isRecord(value) && value['error']) {
      const nowMs = http.clock.now();
      throw upstreamError({ target, judge, nowMs }, this.#head, errorFieldsOf(value));
    }
    const parsed = chatLine.safeParse(value);
    if (!parsed.success) {
      throw badUpstream(target, 'sent something that is no chat of Ollama', JSON.stringify(value));
    }
    const { message, done, logprobs } = parsed.data;
    const { content, thinking: reasoning } = message ?? {};
    this.#content += content ?? '';
    this.#reasoning += reasoning ?? '';
    if (content || reasoning) {
      this.#context.onDelta?.({ ...(reasoning && { reasoning }), ...(content && { content }) });
    }
    for (const call of message?.tool_calls ?? []) this.#addCall(call);
    this.#addLogprobs(logprobs ?? []);
    if (done) this.#last = parsed.data;
  }

  /** The reply. Throws `upstream_truncated` if the line that says `done` is missing. */
  end(): ChatReply {
    const last = this.#last;
    if (!last) {
      const { name } = this.#context.target.provider;
      throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
    }
    const hasCalls = this.#toolCalls.length > 0;
    return {
      result: {
        type: 'chat',
        ...(last.model && { model: last.model }),
        message: {
          role: 'assistant',
          content: this.#content === '' && hasCalls ? null : this.#content,
          ...(this.#reasoning !== '' && { reasoning: this.#reasoning }),
          ...(hasCalls && { tool_calls: this.#toolCalls }),
        },
        finish_reason: finishReasonOf(last, hasCalls),
        ...(this.#logprobs.length > 0 && { logprobs: { content: this.#logprobs } }),
      },
      usage: convertUsage(last),
      upstreamRequestId: requestIdOf(this.#head.headers),
    };
  }

  #addLogprobs(given: NonNullable<ChatLine['logprobs']>): void {
    const content = given.map(({ top_logprobs: top, ...token }) => {
      return { ...token, top_logprobs: top ?? [] };
    });
    if (content.length === 0) return;
    this.#logprobs.push(...content);
    this.#context.onDelta?.({ logprobs: { content } });
  }

  #addCall(call: NonNullable<NonNullable<ChatLine['message']>['tool_calls']>[number]): void {
    const { name, arguments: given } = call.function;
    const index = this.#toolCalls.length;
    const toolCall: ToolCall = {
      id: call.id || `call_${index}`,
      type: 'function',
      function: {
        name,
        arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
      },
    };
    this.#toolCalls.push(toolCall);
    this.#context.onDelta?.({ tool_calls: [{ index, ...toolCall }] });
  }
}

/** Why the model stopped; `load` and `unload` answer a call without messages. It says `stop` after a call too. */
function finishReasonOf({ done_reason: raw }: ChatLine, hasCalls: boolean): FinishReason {
  const mapped = unified[raw ?? ''] ?? 'other';
  return { unified: hasCalls && mapped === 'stop' ? 'tool_calls' : mapped, raw: raw ?? '' };
}
