import {
  answersOf,
  type AnswerDelta,
  type ChatAnswer,
  type CompletedJob,
  type Logprobs,
  type SluiceError,
  type TextDelta,
  type TimelineEvent,
  type WireStream,
} from '@sluice/contracts';

import { appText } from '../app/app-text.ts';
import { openaiError } from '../errors.ts';
import { completionUsage } from '../usage.ts';

/** What the answer says of the call: the model as the client has named it. */
export interface Asked {
  jobId: string;
  model: string;
  /** The output of a workflow that is its answer. */
  outputVariable?: string | undefined;
  includeUsage?: boolean | undefined;
}

/**
 * A completed job as a chat completion. `reasoning_content`, `reasoning_parts` and `images` are no fields of OpenAI's: what a
 * vendor wants back goes through the client, which sends the message back as it came.
 * @see https://platform.openai.com/docs/api-reference/chat/object
 */
export function completionOf(job: CompletedJob, asked: Asked) {
  return {
    ...headOf(asked, 'chat.completion', job.createdAtMs),
    choices: answersIn(job.result, asked).map((answer, index) => ({
      index,
      message: messageOf(answer),
      logprobs: logprobsOf(answer.logprobs),
      finish_reason: finishReasonOf(answer),
    })),
    ...tierOf(job.result),
    usage: completionUsage(job.usage),
  };
}

function headOf({ jobId, model }: Asked, object: string, createdAtMs: number) {
  const id = `chatcmpl-${jobId.replace(/^job_/, '')}`;
  return { id, object, created: Math.floor(createdAtMs / 1_000), model };
}

/** What was answered; of a workflow its text. */
function answersIn(result: CompletedJob['result'], { outputVariable }: Asked): ChatAnswer[] {
  if (result.type === 'chat') return answersOf(result);
  if (result.type !== 'workflow') throw new TypeError(`a ${result.type} is no message`);
  const content = appText(result, outputVariable);
  return [
    {
      message: { role: 'assistant', content },
      finish_reason: { unified: 'stop', raw: result.status },
    },
  ];
}

/** OpenAI's word for why the model stopped. */
function finishReasonOf({ finish_reason: { unified } }: ChatAnswer) {
  return unified === 'other' ? 'stop' : unified;
}

function tierOf(result: CompletedJob['result']): { service_tier?: string } {
  const tier = result.type === 'chat' ? result.service_tier : undefined;
  return tier === undefined ? {} : { service_tier: tier };
}

function logprobsOf(logprobs: Logprobs | undefined) {
  return logprobs ? { content: null, refusal: null, ...logprobs } : null;
}

function messageOf({ message }: ChatAnswer): object {
  const { reasoning, refusal = null, annotations = [], ...said } = message;
  return {
    ...said,
    refusal,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    annotations,
  };
}

/**
 * The same in pieces, each a chunk without an event name, then `[DONE]`.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export function completionStream(asked: Asked): WireStream {
  return new CompletionStream(asked);
}

class CompletionStream implements WireStream {
  readonly #asked: Asked;
  /** On all chunks but the last, where the client asks for usage. */
  readonly #noUsage: { usage?: null };
  /** Answers of which something was said. */
  readonly #begun = new Set<number>();
  #createdAtMs = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#noUsage = asked.includeUsage ? { usage: null } : {};
  }

  event({ type, at }: TimelineEvent): string {
    if (type === 'queued' && this.#createdAtMs === 0) this.#createdAtMs = Date.parse(at);
    return '';
  }

  delta({ alternatives = [], ...first }: TextDelta): string {
    const said = Object.keys(first).length > 0 ? this.#piece(0, first) : '';
    return said + alternatives.map(({ index, ...delta }) => this.#piece(index, delta)).join('');
  }

  end({ result, usage }: CompletedJob): string {
    const { includeUsage } = this.#asked;
    const tier = tierOf(result);
    const ends = answersIn(result, this.#asked).map((answer, index) => {
      const { content, reasoning_parts: parts } = answer.message;
      // A workflow whose text is in its outputs has said nothing until now.
      const isLate = result.type === 'workflow' && !this.#begun.has(index) && Boolean(content);
      const late = isLate ? this.#piece(index, { content: content ?? '' }) : this.#begin(index);
      const delta = parts ? { reasoning_parts: parts } : {};
      const reason = { finish_reason: finishReasonOf(answer) };
      return late + this.#frame([choice(index, delta, reason)], { ...this.#noUsage, ...tier });
    });
    const counted = includeUsage ? this.#frame([], { ...tier, usage: completionUsage(usage) }) : '';
    return `${ends.join('')}${counted}data: [DONE]\n\n`;
  }

  error(error: SluiceError, requestId: string): string {
    return `data: ${JSON.stringify({ error: openaiError(error), request_id: requestId })}\n\n`;
  }

  #begin(index: number): string {
    if (this.#begun.has(index)) return '';
    this.#begun.add(index);
    return this.#frame([choice(index, { role: 'assistant', content: '', refusal: null })]);
  }

  #piece(index: number, { logprobs, ...delta }: AnswerDelta): string {
    const more = { logprobs: logprobsOf(logprobs) };
    return this.#begin(index) + this.#frame([choice(index, sentDelta(delta), more)]);
  }

  #frame(choices: object[], more: object = this.#noUsage): string {
    const head = headOf(this.#asked, 'chat.completion.chunk', this.#createdAtMs);
    return `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
  }
}

function choice(index: number, delta: object, more: object = {}): object {
  return { index, delta, logprobs: null, finish_reason: null, ...more };
}

function sentDelta({ reasoning, ...delta }: AnswerDelta): object {
  return { ...delta, ...(reasoning !== undefined && { reasoning_content: reasoning }) };
}
