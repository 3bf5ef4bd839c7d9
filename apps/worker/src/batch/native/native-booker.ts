import type { ResultLine } from '@sluice/batches';
import type { JobRecord, LedgerEntry } from '@sluice/contracts';

import { extension, storePart, type FileBatchDeps } from '../file/file-batch.ts';
import { addTo, progressEvent } from '../file/write-results.ts';
import type { NativeBatch } from './native-batch.ts';

/** One line of the input, and what is written of it. */
export interface NativeResult {
  index: number;
  line: ResultLine;
  /** What it would be as a job of its own; absent of a line that nobody has answered. */
  job?: JobRecord;
  entry?: LedgerEntry;
}

const resultsAtOnce = 500;
const partBytes = 1_048_576;

/** Another worker has this batch in hand, or it is over: nothing more of this step counts. */
export class Overtaken extends Error {}

/** Writes results to the files of a batch, some hundreds at a time, and books them in the same step. */
export class NativeBooker {
  readonly #deps: FileBatchDeps;
  #batch: NativeBatch;
  #held: NativeResult[] = [];
  #bytes = 0;

  constructor(batch: NativeBatch, deps: FileBatchDeps) {
    this.#batch = batch;
    this.#deps = deps;
  }

  async add(result: NativeResult): Promise<void> {
    // Before and not after it: the last of all is always among those that the last flush writes.
    if (this.#held.length >= resultsAtOnce || this.#bytes >= partBytes) await this.flush();
    this.#held.push(result);
    this.#bytes += result.line.text.length;
  }

  /**
   * `settles`: what was set aside under that name ends with the last of them. Returns whether there were any.
   * @throws Overtaken
   */
  async flush({ settles }: { settles?: string } = {}): Promise<boolean> {
    const held = this.#held;
    if (held.length === 0) return false;
    this.#held = [];
    this.#bytes = 0;
    const batch = this.#batch;
    const textsOf = (file: 'output' | 'error') =>
      held.filter(({ line }) => line.file === file).map(({ line }) => line.text);
    const [output, error] = await Promise.all([
      storePart(batch, 'output', textsOf('output'), this.#deps),
      storePart(batch, 'error', textsOf('error'), this.#deps),
    ]);
    const sums = addTo(batch.fileBatch.sums, held, this.#deps.clock.now());
    const drained = batch.fileBatch.drained + held.length;
    const booking = {
      drained: batch.fileBatch.drained,
      indexes: held.map(({ index }) => index),
      failed: held.filter(({ line }) => line.file === 'error').length,
      entries: entriesOf(held, settles),
      sums,
      event: progressEvent(batch, drained, sums),
    };
    const files = extension(batch, { output, error }, this.#deps);
    const booked = await this.#deps.records.bookNative(batch.jobId, booking, files);
    if (!booked) throw new Overtaken(`${batch.jobId} was booked by somebody else`);
    this.#batch = { ...batch, fileBatch: { ...batch.fileBatch, drained, sums } };
    return true;
  }
}

function entriesOf(held: readonly NativeResult[], settles: string | undefined): LedgerEntry[] {
  const entries = held.flatMap(({ entry }) => entry ?? []);
  const last = entries.pop();
  return last ? [...entries, { ...last, ...(settles !== undefined && { settles }) }] : [];
}
