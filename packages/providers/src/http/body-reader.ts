/**
 * What a piece of a body meant: `progress` restarts the idle deadline, `waiting` does not (keep-alive bytes, half an
 * event), `done` ends the reply although its body may go on.
 */
export type BodyState = 'progress' | 'waiting' | 'done';

/** Takes the body of one reply apart as it arrives. Whatever it throws is what the call rejects with. */
export interface BodyReader<T> {
  /** The next piece. While a promise is pending nothing else of the reply is handed over. */
  write(chunk: Buffer): BodyState | Promise<BodyState>;
  /** The value of the reply; called once, after `done` or at the end of the body. */
  end(): T | Promise<T>;
}

/** The largest JSON document or single event that is held in memory. */
export const maxDocumentBytes = 16 * 1024 * 1024;

const space = 0x20;

/** Collects a body as text; of one longer than `maxBytes` only that much, and the reply is `done` there. */
export class TextReader implements BodyReader<string> {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** DeepSeek sends blank lines while a call waits in its queue: white space is no progress. */
  write(chunk: Buffer): BodyState {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.isCut) return 'done';
    return chunk.some((byte) => byte > space) ? 'progress' : 'waiting';
  }

  /** Whether the body was longer than `maxBytes`. */
  get isCut(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** The text so far, without a byte order mark. */
  end(): string {
    return new TextDecoder().decode(Buffer.concat(this.#chunks).subarray(0, this.#maxBytes));
  }
}
