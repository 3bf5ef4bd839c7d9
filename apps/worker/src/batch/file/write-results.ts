import { costOf, customIdIn, lostLine, resultLine, type ResultLine } from '@sluice/batches';
import { batchIdOf, type BatchSums, type JobRecord, type Usage } from '@sluice/contracts';
import { sumCosts } from '@sluice/metering';

import {
  extension,
  inputFileOf,
  lineOptions,
  linesOf,
  storePart,
  type FileBatch,
  type FileBatchDeps,
} from './file-batch.ts';

/** Most results of a part of a file. */
const resultsAtOnce = 500;
/** A part is closed when it has so many bytes. */
const partBytes = 1_048_576;
/** Records read at a time. */
const readAtOnce = 50;

/**
 * Writes the results of children that have ended to the files. Not for each: when there are some hundreds, when the last
 * is there, or when the ones that wait have waited for a second, or a hundredth of the time that the batch has taken so far; so
 * a slow batch has not thousands of parts. Returns whether it wrote any.
 */
export async function writeResults(
  batch: FileBatch,
  deps: FileBatchDeps,
  { all }: { all: boolean },
): Promise<boolean> {
  if (!all && !isDue(batch, deps)) return false;
  const ids = await deps.records.endedChildren(batch.jobId, resultsAtOnce);
  if (ids.length === 0) return false;
  const { jobs, taken } = await readResults(batch, ids, deps);
  const written = jobs.map(({ line }) => line);
  const sums = addTo(batch.fileBatch.sums, jobs, deps.clock.now());
  return await book(batch, { written, childIds: taken, sums }, deps);
}

function isDue({ fileBatch, progress }: FileBatch, { clock, config }: FileBatchDeps): boolean {
  const waiting = progress.ended - fileBatch.drained;
  if (waiting <= 0) return false;
  if (progress.ended === progress.total) return true;
  if (waiting >= Math.min(resultsAtOnce, config.batches.window / 4)) return true;
  const { inProgressAtMs = 0, sums } = fileBatch;
  const nowMs = clock.now();
  const since = nowMs - Math.max(sums.writtenAtMs, inProgressAtMs);
  return since >= Math.max(1_000, (nowMs - inProgressAtMs) / 100);
}

/** What came of a line. */
interface Result {
  /** Absent where it was erased. */
  job?: JobRecord;
  line: ResultLine;
}

/** As many of the children as fit into a part. */
async function readResults(
  batch: FileBatch,
  ids: readonly string[],
  deps: FileBatchDeps,
): Promise<{ jobs: Result[]; taken: string[] }> {
  const jobs: Result[] = [];
  const { formats } = lineOptions(batch, deps);
  let bytes = 0;
  for (let start = 0; start < ids.length && bytes < partBytes; start += readAtOnce) {
    const chunk = ids.slice(start, start + readAtOnce);
    // oxlint-disable-next-line no-await-in-loop
    const found = await deps.records.readMany(chunk);
    const byId = new Map(found.map((job) => [job.jobId, job]));
    for (const id of chunk) {
      const job = byId.get(id);
      // oxlint-disable-next-line no-await-in-loop
      const line = job ? resultLine(job, formats) : await erasedLine(batch, id, deps);
      jobs.push({ ...(job && { job }), line });
      bytes += line.text.length;
    }
  }
  return { jobs, taken: ids.slice(0, jobs.length) };
}

/** A child that its owner has erased: its line is looked up in the input, for its custom id. */
async function erasedLine(
  batch: FileBatch,
  childId: string,
  deps: FileBatchDeps,
): Promise<ResultLine> {
  const error = { code: 'not_found', message: 'the job of this line was erased' };
  const index = Number(childId.slice((batchIdOf(childId)?.length ?? 0) + 1));
  const file = await inputFileOf(batch, deps);
  let at = 0;
  for await (const line of file ? linesOf(file, 0, deps) : []) {
    if (at++ < index) continue;
    return lostLine(childId, customIdIn(line.bytes) ?? '', error);
  }
  return lostLine(childId, '', error);
}

/** What the batch adds up to with these. */
export function addTo(sums: BatchSums, results: readonly Result[], nowMs: number): BatchSums {
  const jobs = results.flatMap(({ job }) => job ?? []);
  const outputs = results.filter(({ line }) => line.file === 'output').length;
  return {
    usage: jobs.reduce((sum, { usage }) => addUsage(sum, usage), sums.usage),
    costUsd: sumCosts([sums.costUsd, ...jobs.map(costOf)]),
    latencyMs: jobs.reduce(
      (sum, { endedAtMs = 0, createdAtMs }) => sum + Math.max(0, endedAtMs - createdAtMs),
      sums.latencyMs,
    ),
    outputLines: sums.outputLines + outputs,
    errorLines: sums.errorLines + results.length - outputs,
    writtenAtMs: nowMs,
  };
}

const counted = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_input_tokens',
  'output_tokens',
  'reasoning_tokens',
] as const satisfies (keyof Usage)[];

/** What is given is added: a batch may have embeddings beside chats. */
function addUsage(sum: Usage, usage: Usage | undefined): Usage {
  if (!usage) return sum;
  const added = { ...sum, total_tokens: sum.total_tokens + usage.total_tokens };
  for (const name of counted) {
    const value = usage[name];
    if (value !== undefined) added[name] = (added[name] ?? 0) + value;
  }
  return usage.source === 'estimate' ? { ...added, source: 'estimate' } : added;
}

export interface Written {
  written: readonly ResultLine[];
  childIds: readonly string[];
  sums: BatchSums;
  writtenOff?: { lines: number; cursor: number };
}

/** Stores lines and books them, in that order: what is stored and not booked is in no file. */
export async function book(
  batch: FileBatch,
  { written, childIds, sums, writtenOff }: Written,
  deps: FileBatchDeps,
): Promise<boolean> {
  const textsOf = (file: 'output' | 'error') =>
    written.filter((line) => line.file === file).map(({ text }) => text);
  const [output, error] = await Promise.all([
    storePart(batch, 'output', textsOf('output'), deps),
    storePart(batch, 'error', textsOf('error'), deps),
  ]);
  const { drained, fed } = batch.fileBatch;
  return await deps.records.bookResults(
    batch.jobId,
    {
      drained,
      fed,
      childIds,
      ...(writtenOff && { writtenOff }),
      sums,
      event: progressEvent(batch, drained + written.length, sums),
    },
    extension(batch, { output, error }, deps),
  );
}

/** At each hundredth of the way, so that no batch fills its timeline. */
export function progressEvent(
  { progress: { total }, fileBatch }: FileBatch,
  drained: number,
  { outputLines, errorLines }: BatchSums,
) {
  const percent = (count: number) => Math.floor((count * 100) / total);
  if (percent(drained) === percent(fileBatch.drained)) return undefined;
  const data = { total, completed: outputLines, failed: errorLines };
  return { type: 'batch.progress', data };
}
