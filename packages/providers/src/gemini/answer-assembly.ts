import { SluiceError } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../replies.ts';
import { deltaAt } from '../chat/delta-at.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { excerptOf, redactorOf } from '../http/redact.ts';
import { requestIdOf, upstreamError } from '../http/upstream-error.ts';
import { CandidateDraft } from './candidate-draft.ts';
import { convertUsage } from './convert-usage.ts';
import {
  generateContentResponse,
  type GenerateContentResponse,
  type UsageMetadata,
} from './generate-content-response.ts';

/** One answer in the making: of the events of a stream, or of one whole document. */
export class AnswerAssembly implements EventHandler<ChatReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #count: number;
  readonly #candidates = new Map<number, CandidateDraft>();
  #usage: UsageMetadata | undefined;
  #model: string | undefined;
  #responseId: string | undefined;

  /** `count` is how many candidates were asked for. */
  constructor(context: CallContext, head: ReplyHead, count = 1) {
    this.#context = context;
    this.#head = head;
    this.#count = count;
  }

  /** There is no terminal event: the piece with the last finish reason and the usage is the last. */
  onEvent({ data }: EventSourceMessage): BodyState {
    if (data === '') return 'waiting';
    const chunk = this.add(parseJson(data, this.#context.target));
    return this.#isWhole && chunk.usageMetadata ? 'done' : 'progress';
  }

  end(): ChatReply {
    if (this.#isWhole) return this.finish();
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
    const candidates = chunk.candidates ?? [];
    if (candidates.length === 0) this.#throwIfBlocked(chunk);
    for (const candidate of candidates) {
      this.#candidateAt(candidate.index ?? 0).add(candidate, this.#responseId);
    }
    return chunk;
  }

  /** The reply, of whatever has been added. Throws `bad_upstream` if that had no candidate. */
  finish(): ChatReply {
    const drafts = [...this.#candidates].toSorted(([one], [other]) => one - other);
    this.#throwIfMalformed();
    const [first, ...others] = drafts.map(([, draft]) => draft.finish());
    if (!first) throw this.#notAnAnswer({ candidates: [] });
    return {
      result: {
        type: 'chat',
        ...(this.#model !== undefined && { model: this.#model }),
        ...first,
        ...(others.length > 0 && { alternatives: others }),
      },
      usage: convertUsage(this.#usage),
      upstreamRequestId: requestIdOf(this.#head.headers) ?? this.#responseId,
    };
  }

  /** Every candidate that was asked for, or more, has come to its end. */
  get #isWhole(): boolean {
    const drafts = [...this.#candidates.values()];
    const ended = drafts.filter(({ finishReason }) => finishReason !== undefined);
    return ended.length === drafts.length && ended.length >= this.#count;
  }

  #candidateAt(index: number): CandidateDraft {
    const known = this.#candidates.get(index);
    if (known) return known;
    const draft = new CandidateDraft((delta) => this.#context.onDelta?.(deltaAt(index, delta)));
    this.#candidates.set(index, draft);
    return draft;
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
    const [draft, other] = this.#candidates.values();
    const reason = draft?.finishReason;
    if (!reason?.startsWith('MALFORMED_') || other || !draft?.isEmpty) return;
    const message = this.#told(`sent no answer (${reason})`, draft.finishMessage);
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
