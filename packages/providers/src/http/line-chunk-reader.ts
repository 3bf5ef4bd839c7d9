import { StringDecoder } from 'node:string_decoder';

import type { OnLines } from '../batch/batch-api.ts';
import type { BodyReader, BodyState } from './body-reader.ts';

/** So much text is handed over at a time. */
const chunkLength = 1_048_576;

/** Reads lines of any length in all, some at a time: while somebody works on these the rest stays on its way. */
export class LineChunkReader implements BodyReader<undefined> {
  readonly #onLines: OnLines;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #lines: string[] = [];
  #length = 0;

  constructor(onLines: OnLines) {
    this.#onLines = onLines;
  }

  write(chunk: Buffer): BodyState | Promise<BodyState> {
    const [first = '', ...lines] = this.#decoder.write(chunk).split('\n');
    this.#rest += first;
    for (const line of lines) {
      this.#add(this.#rest);
      this.#rest = line;
    }
    return this.#length < chunkLength ? 'progress' : this.#handOver();
  }

  async end(): Promise<undefined> {
    this.#add(this.#rest + this.#decoder.end());
    await this.#handOver();
    return undefined;
  }

  #add(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    this.#length += line.length;
  }

  async #handOver(): Promise<BodyState> {
    const lines = this.#lines;
    this.#lines = [];
    this.#length = 0;
    if (lines.length > 0) await this.#onLines(lines);
    return 'progress';
  }
}
