import { StringDecoder } from 'node:string_decoder';

import { SluiceError } from '@sluice/contracts';
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser';

import { maxDocumentBytes, type BodyReader, type BodyState } from './body-reader.ts';

/** Makes a value of the events of a stream. */
export interface EventHandler<T> {
  /** The next event that carries data. While a promise is pending no other event is handed over. */
  onEvent(event: EventSourceMessage): BodyState | Promise<BodyState>;
  /** The value, after `done` or at the end of the stream. Throws `upstream_truncated` where the stream says it is not whole. */
  end(): T;
}

/**
 * Reads server-sent events, whatever the bytes are split at and however their lines end. A stream that ends inside its
 * last event still hands it over if it is whole but for the blank line.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventReader<T> implements BodyReader<T> {
  readonly #provider: string;
  readonly #handler: EventHandler<T>;
  readonly #decoder = new StringDecoder('utf8');
  readonly #parser: EventSourceParser;
  #events: EventSourceMessage[] = [];
  #next = 0;
  #isDone = false;
  #isEmpty = true;
  #isTooLarge = false;

  /** `provider` is who sends, for messages. */
  constructor(provider: string, handler: EventHandler<T>) {
    this.#provider = provider;
    this.#handler = handler;
    this.#parser = createParser({
      maxBufferSize: maxDocumentBytes,
      onEvent: (event) => this.#events.push(event),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#isTooLarge = true;
      },
    });
  }

  write(chunk: Buffer): BodyState | Promise<BodyState> {
    this.#isEmpty = false;
    this.#parser.feed(this.#decoder.write(chunk));
    if (this.#isTooLarge) {
      throw new SluiceError('bad_upstream', `${this.#provider} sent an event of more than 16 MiB`);
    }
    return this.#handle('waiting');
  }

  async end(): Promise<T> {
    if (this.#isEmpty) throw new SluiceError('bad_upstream', `${this.#provider} sent nothing`);
    if (!this.#isDone) await this.#flush();
    return this.#handler.end();
  }

  /** Hands the events over in order, without a promise for those that need none. */
  #handle(before: BodyState): BodyState | Promise<BodyState> {
    let state = before;
    while (this.#next < this.#events.length && !this.#isDone) {
      const event = this.#events[this.#next++];
      const effect = event === undefined ? 'waiting' : this.#handler.onEvent(event);
      if (effect instanceof Promise) return this.#handleAfter(effect, state);
      state = this.#apply(effect, state);
    }
    this.#events = [];
    this.#next = 0;
    return state;
  }

  async #handleAfter(pending: Promise<BodyState>, before: BodyState): Promise<BodyState> {
    return await this.#handle(this.#apply(await pending, before));
  }

  #apply(effect: BodyState, before: BodyState): BodyState {
    if (effect === 'done') this.#isDone = true;
    return effect === 'waiting' ? before : effect;
  }

  /** The last event of a stream that ends without a blank line; half an event is none, its stream was cut. */
  async #flush(): Promise<void> {
    this.#parser.feed(`${this.#decoder.end()}\n\n`);
    try {
      await this.#handle('waiting');
    } catch (error) {
      if (!(error instanceof SluiceError && error.code === 'bad_upstream')) throw error;
    }
  }
}
