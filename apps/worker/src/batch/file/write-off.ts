import { customIdIn, lostLine, type Line, type ResultLine } from '@sluice/batches';
import { childJobId, type SluiceError } from '@sluice/contracts';

import { inputFileOf, linesOf, type FileBatch, type FileBatchDeps } from './file-batch.ts';
import { book } from './write-results.ts';

const bytesAtOnce = 1_048_576;

/** Why a line was not run, by what has ended its batch. */
export const unrunReasons = {
  cancelled: { code: 'cancelled', message: 'the batch was cancelled before this line was run' },
  expired: { code: 'expired', message: 'the completion window was over before this line was run' },
};

/**
 * Writes lines that will not become jobs to the error file, a part of it a time. Only when all jobs of the batch are in the
 * files: no line is both. Returns whether it wrote any.
 */
export async function writeOff(batch: FileBatch, deps: FileBatchDeps): Promise<boolean> {
  const { fed, cursor, drained, ending = 'cancelled' } = batch.fileBatch;
  if (drained < fed || fed >= batch.progress.total) return false;
  const file = await inputFileOf(batch, deps);
  if (!file) return await forgetRest(batch, deps);
  const written: ResultLine[] = [];
  let end = cursor;
  let bytes = 0;
  for await (const line of linesOf(file, cursor, deps)) {
    const id = childJobId(batch.jobId, fed + written.length);
    const lost = lostLine(id, customIdIn(line.bytes) ?? '', unrunReasons[ending]);
    written.push(lost);
    bytes += lost.text.length;
    end = line.end;
    if (bytes >= bytesAtOnce) break;
  }
  return await bookLost(batch, { written, cursor: end }, deps);
}

/** A line that can become no job any more: it is written off by itself, if it is the next. */
export async function loseLine(
  batch: FileBatch,
  { line, index, error }: { line: Line; index: number; error: SluiceError },
  deps: FileBatchDeps,
): Promise<boolean> {
  // Lines were fed before it in this step: the counters have moved on by so many.
  const next = { ...batch, fileBatch: { ...batch.fileBatch, fed: index } };
  const lost = lostLine(childJobId(batch.jobId, index), customIdIn(line.bytes) ?? '', error);
  return await bookLost(next, { written: [lost], cursor: line.end }, deps);
}

/** The input file was deleted under way: what was not read of it will never be run. */
export async function forgetRest(
  { jobId, fileBatch: { fed, phase } }: FileBatch,
  { records }: FileBatchDeps,
): Promise<boolean> {
  const message = `the input file was deleted; lines behind the first ${fed} were not run`;
  const problem = { code: 'file_not_found', line: null, message, param: 'input_file_id' };
  const moved = await records.movePhase(jobId, {
    from: [phase],
    to: phase,
    fields: { total: fed, problems: JSON.stringify([problem]) },
    event: { type: 'batch.input_deleted', data: { fed } },
  });
  return moved.kind === 'moved';
}

async function bookLost(
  batch: FileBatch,
  { written, cursor }: { written: readonly ResultLine[]; cursor: number },
  deps: FileBatchDeps,
): Promise<boolean> {
  const { sums } = batch.fileBatch;
  const errorLines = sums.errorLines + written.length;
  const writtenOff = { lines: written.length, cursor };
  return await book(
    batch,
    { written, childIds: [], sums: { ...sums, errorLines }, writtenOff },
    deps,
  );
}
