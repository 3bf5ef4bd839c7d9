import { StringDecoder } from 'node:string_decoder';

import { SluiceError } from '@sluice/contracts';

import { maxDocumentBytes, type BodyReader, type BodyState } from './body-reader.ts';

/** Makes a value of the lines of a stream. */
export interface LineHandler<T> {
  /** The next line, without its end; never empty. */
  onLine(line: string): BodyState;
  /** The value, after `done` or at the end of the stream. Throws `upstream_truncated` where the stream says it is not whole. */
  end(): T;
}

/**
 * Reads newline-delimited JSON, whatever the bytes are split at and however the lines end: no JSON text has a raw CR or LF
 * inside a string. The last line needs no end; half a line is none, its stream was cut.
 * @see https://github.com/ndjson/ndjson-spec
 */
export class LineReader<T> implements BodyReader<T> {
  readonly #provider: string;
  readonly #handler: LineHandler<T>;
  readonly #decoder = new StringDecoder('utf8');
  /** The line that has not ended, in the pieces in which it came. */
  #pieces: string[] = [];
  #length = 0;
  #isDone = false;
  #isEmpty = true;

  /** `provider` is who sends, for messages. */
  constructor(provider: string, handler: LineHandler<T>) {
    this.#provider = provider;
    this.#handler = handler;
  }

  write(chunk: Buffer): BodyState {
    const text = this.#textOf(chunk);
    const [first = '', ...lines] = text.split(/[\r\n]/);
    this.#keep(first);
    let state: BodyState = 'waiting';
    for (const line of lines) {
      state = this.#endLine(state);
      this.#keep(line);
    }
    return state;
  }

  end(): T {
    if (this.#isEmpty) throw new SluiceError('bad_upstream', `${this.#provider} sent nothing`);
    this.#keep(this.#decoder.end());
    try {
      this.#endLine('waiting');
    } catch (error) {
      if (!(error instanceof SluiceError && error.code === 'bad_upstream')) throw error;
    }
    return this.#handler.end();
  }

  /** The text of a chunk, without a byte order mark. */
  #textOf(chunk: Buffer): string {
    const text = this.#decoder.write(chunk);
    if (!this.#isEmpty || text === '') return text;
    this.#isEmpty = false;
    return text.replace(/^\u{feff}/u, '');
  }

  #keep(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length <= maxDocumentBytes) return;
    throw new SluiceError('bad_upstream', `${this.#provider} sent a line of more than 16 MiB`);
  }

  #endLine(before: BodyState): BodyState {
    const line = this.#pieces.join('').trim();
    this.#pieces = [];
    this.#length = 0;
    if (line === '' || this.#isDone) return before;
    const state = this.#handler.onLine(line);
    if (state === 'done') this.#isDone = true;
    return state === 'waiting' ? before : state;
  }
}
