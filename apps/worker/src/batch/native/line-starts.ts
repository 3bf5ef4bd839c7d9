import { inputFileOf, linesOf, type FileBatchDeps } from '../file/file-batch.ts';
import type { PartInHand } from './native-batch.ts';

/** Where the lines of a part begin in the input file: results come in any order. 8 bytes a line, 800 kB at most. */
export class LineStarts {
  readonly #from: number;
  readonly #starts: Float64Array;

  private constructor(from: number, starts: Float64Array) {
    this.#from = from;
    this.#starts = starts;
  }

  static async of({ batch, part }: PartInHand, deps: FileBatchDeps): Promise<LineStarts> {
    const { from, cursor, to } = part;
    const starts = new Float64Array(to - from);
    const file = await inputFileOf(batch, deps);
    let [index, start] = [0, cursor];
    for await (const line of file ? linesOf(file, cursor, deps) : []) {
      if (index >= starts.length) break;
      starts[index++] = start;
      start = line.end;
    }
    return new LineStarts(from, starts);
  }

  /** Of a line, by its index in the file. */
  startOf(index: number): number {
    return this.#starts[index - this.#from] ?? 0;
  }
}
