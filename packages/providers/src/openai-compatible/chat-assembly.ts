import { SluiceError } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { ChatReply } from '../replies.ts';
import { deltaAt } from '../chat/delta-at.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { upstreamError } from '../http/upstream-error.ts';
import { AnswerDraft } from './answer-draft.ts';
import { chatChunk, isPlainChunk, type ChatChunk, type ChatUsage } from './chat-chunk.ts';
import { convertUsage } from './convert-usage.ts';

type WholeReply = Omit<ChatReply, 'upstreamRequestId'>;

/** One chat reply in the making: of the events of a stream, or of one whole document. */
export class ChatAssembly implements EventHandler<WholeReply> {
  readonly #context: CallContext;
  readonly #head: ReplyHead;
  readonly #answers = new Map<number, AnswerDraft>();
  #model: string | undefined;
  #serviceTier: string | undefined;
  #usage: ChatUsage | undefined;
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

  /** `[DONE]`, or an end after every answer's finish reason, is an end. Anything else was cut. */
  end(): WholeReply {
    const drafts = [...this.#answers.values()];
    const areWhole = drafts.length > 0 && drafts.every((draft) => draft.isWhole);
    if (this.#isWhole || areWhole) return this.finish();
    const { name } = this.#context.target.provider;
    throw new SluiceError('upstream_truncated', `the reply of ${name} ended before it was whole`);
  }

  /** Adds a chunk or a whole reply. Throws what it says if it is an error, `bad_upstream` if it is neither. */
  add(value: unknown): void {
    if (isError(value)) throw this.#errorOf(value);
    this.#addChunk(isPlainChunk(value) ? value : this.#parse(value));
  }

  /** The reply, of whatever has been added. Throws `bad_upstream` if that had no choice. */
  finish(): WholeReply {
    const { name } = this.#context.target.provider;
    const drafts = [...this.#answers].toSorted(([one], [other]) => one - other);
    const [first, ...others] = drafts.map(([, draft]) => draft.finish(name));
    if (!first) throw this.#notAChat({ choices: [] });
    return {
      result: {
        type: 'chat',
        ...(this.#model !== undefined && { model: this.#model }),
        ...first,
        ...(this.#serviceTier !== undefined && { service_tier: this.#serviceTier }),
        ...(others.length > 0 && { alternatives: others }),
      },
      usage: convertUsage(this.#usage),
    };
  }

  #parse(value: unknown): ChatChunk {
    const parsed = chatChunk.safeParse(value);
    if (!parsed.success) throw this.#notAChat(value);
    return parsed.data;
  }

  #addChunk(chunk: ChatChunk): void {
    // The last one counts: some servers send a running total with every chunk.
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.model) this.#model = chunk.model;
    if (chunk.service_tier) this.#serviceTier = chunk.service_tier;
    for (const choice of chunk.choices ?? []) {
      if (choice.usage) this.#usage = choice.usage;
      this.#answerAt(choice.index ?? 0).add(choice);
    }
  }

  #answerAt(index: number): AnswerDraft {
    const known = this.#answers.get(index);
    if (known) return known;
    const draft = new AnswerDraft((delta) => this.#context.onDelta?.(deltaAt(index, delta)));
    this.#answers.set(index, draft);
    return draft;
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
