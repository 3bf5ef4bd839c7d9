import type {
  CompletedJob,
  JobRecord,
  Logprobs,
  SluiceError,
  TextDelta,
  TimelineEvent,
  ToolCallDelta,
  WireStream,
} from '@sluice/contracts';

import { openaiError } from '../errors.ts';
import { itemIds, outputOf, textPart, type MessagePart, type OutputItem } from './output-items.ts';
import { responseObject, type KnownResponse } from './response-object.ts';

/** An item in the making, at its place in the output. */
type OpenItem =
  | { kind: 'reasoning'; id: string }
  | { kind: 'message'; id: string; parts: MessagePart['type'][] }
  | { kind: 'call'; id: string };

export interface StreamedResponse {
  request: KnownResponse;
  outputVariable?: string | undefined;
  /** The last event that the client has had: what comes before and it are left out. */
  startingAfter?: number | undefined;
}

/**
 * A response as OpenAI's stream of named events, numbered from 0. The same job gives the same events with the same numbers in
 * every process, so that a client goes on where it was; what its events no longer say (pieces of an answer go 15 minutes after
 * the job's end) is in the last one. Items are opened when something of them comes, and are done, in their order, at the end.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponseStream implements WireStream {
  readonly #request: KnownResponse;
  readonly #outputVariable: string | undefined;
  readonly #startingAfter: number;
  readonly #ids: ReturnType<typeof itemIds>;
  readonly #items: OpenItem[] = [];
  #next = 0;
  #hasBegun = false;
  #runs = false;

  constructor({ request, outputVariable, startingAfter = -1 }: StreamedResponse) {
    this.#request = request;
    this.#outputVariable = outputVariable;
    this.#startingAfter = startingAfter;
    this.#ids = itemIds(request.jobId);
  }

  event({ type }: TimelineEvent): string {
    if (type === 'queued' && !this.#hasBegun) {
      this.#hasBegun = true;
      const isQueued = this.#request.response?.background === true;
      const response = this.#known({ state: isQueued ? 'queued' : 'in_progress' });
      const created = this.#emit('response.created', { response });
      return isQueued ? created + this.#emit('response.queued', { response }) : created;
    }
    if (type !== 'in_progress' || this.#runs) return '';
    this.#runs = true;
    return this.#emit('response.in_progress', { response: this.#known({ state: 'in_progress' }) });
  }

  delta({ reasoning, content, refusal, tool_calls: calls, logprobs }: TextDelta): string {
    return (
      (reasoning ? this.#reason(reasoning) : '') +
      (content ? this.#say('output_text', content, logprobs) : '') +
      (refusal ? this.#say('refusal', refusal) : '') +
      (calls ?? []).map((call) => this.#call(call)).join('')
    );
  }

  end(job: CompletedJob): string {
    const output = outputOf(job.jobId, job.result, this.#outputVariable);
    // What no piece has told: a thought without words, a workflow's outputs.
    const untold = output.filter(({ id }) => !this.#items.some((item) => item.id === id));
    const told = this.#items.flatMap(({ id }) => output.filter((item) => item.id === id));
    const ordered = [...told, ...untold];
    const response = { ...this.#known(job), output: ordered };
    const type = response.status === 'incomplete' ? 'response.incomplete' : 'response.completed';
    return this.#last(() => {
      const opened = untold.map((item, at) => this.#added(told.length + at, item)).join('');
      const done = ordered.map((item, at) => this.#doneItem(at, item)).join('');
      return opened + done + this.#emit(type, { response });
    });
  }

  error(error: SluiceError, _requestId: string, job: Omit<JobRecord, 'input'> | undefined): string {
    const { code, message, param } = openaiError(error);
    return this.#last(() => {
      if (!job) return this.#emit('error', { code, message, param });
      const response = this.#known(job);
      const type = response.status === 'incomplete' ? 'response.incomplete' : 'response.failed';
      return this.#emit(type, { response });
    });
  }

  #known(job: Partial<Omit<JobRecord, 'input'>>) {
    return responseObject({ ...this.#request, ...job }, this.#outputVariable);
  }

  #reason(text: string): string {
    const { reasoning: id } = this.#ids;
    const { at, isNew } = this.#place({ kind: 'reasoning', id });
    const place = { item_id: id, output_index: at, summary_index: 0 };
    const part = { type: 'summary_text', text: '' };
    const opening = isNew
      ? this.#added(at, { type: 'reasoning', id, summary: [] }) +
        this.#emit('response.reasoning_summary_part.added', { ...place, part })
      : '';
    return opening + this.#emit('response.reasoning_summary_text.delta', { ...place, delta: text });
  }

  #say(type: MessagePart['type'], text: string, logprobs?: Logprobs): string {
    const { message: id } = this.#ids;
    const { at, isNew, item } = this.#place({ kind: 'message', id, parts: [] });
    const head = {
      type: 'message',
      id,
      role: 'assistant',
      status: 'in_progress',
      content: [],
    } as const;
    const opening = isNew ? this.#added(at, { ...head, content: [] }) : '';
    const parts = item.kind === 'message' ? item.parts : [];
    const isNewPart = !parts.includes(type);
    if (isNewPart) parts.push(type);
    const place = { item_id: id, output_index: at, content_index: parts.indexOf(type) };
    const part = type === 'refusal' ? { type, refusal: '' } : textPart('');
    const openingPart = isNewPart
      ? this.#emit('response.content_part.added', { ...place, part })
      : '';
    const more = type === 'output_text' ? { logprobs: logprobs?.content ?? [] } : {};
    return (
      opening +
      openingPart +
      this.#emit(`response.${type}.delta`, { ...place, delta: text, ...more })
    );
  }

  #call({ index, id: callId = '', function: called }: ToolCallDelta): string {
    const id = this.#ids.call(index);
    const { at, isNew } = this.#place({ kind: 'call', id });
    const call = { call_id: callId, name: called?.name ?? '', arguments: '' };
    const opening = isNew
      ? this.#added(at, { type: 'function_call', id, ...call, status: 'in_progress' })
      : '';
    const text = called?.arguments;
    if (!text) return opening;
    const place = { item_id: id, output_index: at };
    return (
      opening + this.#emit('response.function_call_arguments.delta', { ...place, delta: text })
    );
  }

  #place(opened: OpenItem): { at: number; isNew: boolean; item: OpenItem } {
    const found = this.#items.findIndex(({ id }) => id === opened.id);
    if (found >= 0) return { at: found, isNew: false, item: this.#items[found] ?? opened };
    this.#items.push(opened);
    return { at: this.#items.length - 1, isNew: true, item: opened };
  }

  #added(at: number, item: OutputItem): string {
    return this.#emit('response.output_item.added', { output_index: at, item });
  }

  #doneItem(at: number, item: OutputItem): string {
    const place = { item_id: item.id, output_index: at };
    const parts = this.#doneParts(place, item);
    return parts + this.#emit('response.output_item.done', { output_index: at, item });
  }

  #doneParts(place: object, item: OutputItem): string {
    if (item.type === 'function_call') {
      const { name, arguments: text } = item;
      return this.#emit('response.function_call_arguments.done', {
        ...place,
        name,
        arguments: text,
      });
    }
    if (item.type === 'reasoning') {
      return item.summary
        .map((part, at) => {
          const where = { ...place, summary_index: at };
          return (
            this.#emit('response.reasoning_summary_text.done', { ...where, text: part.text }) +
            this.#emit('response.reasoning_summary_part.done', { ...where, part })
          );
        })
        .join('');
    }
    return item.content
      .map((part, at) => {
        const where = { ...place, content_index: at };
        const said =
          part.type === 'refusal'
            ? this.#emit('response.refusal.done', { ...where, refusal: part.refusal })
            : this.#emit('response.output_text.done', {
                ...where,
                text: part.text,
                logprobs: part.logprobs,
              });
        return said + this.#emit('response.content_part.done', { ...where, part });
      })
      .join('');
  }

  /** The events at the end. A client that has had more than there are now has not had these: pieces before them are gone. */
  #last(write: () => string): string {
    const text = write();
    if (this.#next > this.#startingAfter) return text;
    this.#next = this.#startingAfter + 1;
    return write();
  }

  #emit(type: string, fields: object): string {
    const number = this.#next;
    this.#next += 1;
    if (number <= this.#startingAfter) return '';
    const event = { type, sequence_number: number, ...fields };
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}
