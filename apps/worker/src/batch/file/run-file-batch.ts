import {
  SluiceError,
  type ErrorCode,
  type FileBatchResult,
  type JobEnding,
  type JobRecord,
  type Outcome,
  type Ticket,
} from '@sluice/contracts';
import { roundCost } from '@sluice/metering';

import { endChildren } from './end-children.ts';
import { feedLines } from './feed-lines.ts';
import { asFileBatch, type FileBatch, type FileBatchDeps } from './file-batch.ts';
import { isNative, runNative, type NativeStep } from '../native/run-native.ts';
import { validateFile } from './validate-file.ts';
import { writeOff } from './write-off.ts';
import { writeResults } from './write-results.ts';

/** A step that did something is followed by the next at once, but other batches have their turn now and then. */
const nextMs = 20;
const stepsMs = 500;

/**
 * Some steps of a batch of a file; its ticket comes back for the next until the batch has ended. All that is known of it is in
 * its record and its files, so the steps may be taken by any worker, and one that was cut short is taken again:
 *
 * | cut short                                     | what is left                                                       |
 * |-----------------------------------------------|--------------------------------------------------------------------|
 * | while lines are checked                       | parts of an error file that no file has; they are checked again    |
 * | while lines become jobs                       | some of them are jobs; `fed` and `cursor` say which line is next    |
 * | between storing results and booking them      | parts that no file has; the results are stored once more            |
 * | after booking them                            | nothing: the files, the counters and the children changed in one script |
 * | while vendors run its lines                   | see run-native.ts                                                  |
 * | while children are ended                      | some of them live; they are ended by the next step                  |
 * | after the last result, before the end         | `drained` is the total; the next step ends the batch                |
 *
 * The ticket that says that the last child has ended (`attempt` 2) takes steps beside the usual ones, to the end if all else is done:
 * without it the batch would rest for up to a hundredth of its age before it ends.
 */
export async function runFileBatch(
  ticket: Ticket,
  record: JobRecord,
  deps: FileBatchDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const untilMs = deps.clock.now() + stepsMs;
  let batch = asFileBatch(record);
  for (;;) {
    // Each step begins with what the one before has left.
    // oxlint-disable-next-line no-await-in-loop
    const step = await takeStep(batch, deps, signal);
    if (typeof step === 'object' && 'kind' in step) return step;
    const isLate = signal.aborted || deps.clock.now() >= untilMs;
    if (ticket.attempt > 1 && (step !== 'done' || isLate)) {
      return { kind: 'nothing', reason: 'the usual ticket goes on' };
    }
    if (step === 'idle') return { kind: 'held', delayMs: restOf(batch, deps) };
    if (typeof step === 'object') return { kind: 'held', delayMs: step.idleMs };
    if (isLate) return { kind: 'held', delayMs: nextMs };
    // oxlint-disable-next-line no-await-in-loop
    const next = await deps.records.read(batch.jobId);
    if (next?.state !== 'in_progress') return { kind: 'nothing', reason: 'it has ended' };
    batch = asFileBatch(next);
  }
}

type Step = NativeStep | 'idle' | Extract<Outcome, { kind: 'ended' }>;

/** Whether it did something, or what the batch has come to. */
async function takeStep(batch: FileBatch, deps: FileBatchDeps, signal: AbortSignal): Promise<Step> {
  switch (batch.fileBatch.phase) {
    case 'validating':
      await validateFile(batch, deps);
      return 'done';
    case 'invalid':
      return ended(batch);
    case 'in_progress': {
      if (deps.clock.now() >= batch.startByMs) return await expire(batch, deps);
      if (isDrained(batch)) return await finalize(batch, deps);
      if (isNative(batch)) return await runNative(batch, deps, signal);
      const wrote = await writeResults(batch, deps, { all: false });
      const fed = await feedLines(batch, deps);
      return wrote || fed ? 'done' : 'idle';
    }
    case 'cancelling':
    case 'expiring': {
      if (isDrained(batch)) return await finalize(batch, deps);
      if (isNative(batch)) return await runNative(batch, deps, signal);
      await endChildren(batch, deps);
      const wrote = await writeResults(batch, deps, { all: true });
      if (wrote) return 'done';
      return (await writeOff(batch, deps)) ? 'done' : 'idle';
    }
    case 'finalizing':
      return ended(batch);
  }
}

function isDrained({ fileBatch, progress }: FileBatch): boolean {
  return fileBatch.drained === progress.total;
}

/** The longer a batch has been going on, the less often it is looked at for nothing: 1 % of its age. */
function restOf({ createdAtMs }: FileBatch, { clock }: Pick<FileBatchDeps, 'clock'>): number {
  return Math.round(Math.min(1_000, Math.max(50, (clock.now() - createdAtMs) / 100)));
}

async function expire({ jobId }: FileBatch, { records }: FileBatchDeps): Promise<'done'> {
  await records.movePhase(jobId, {
    from: ['in_progress'],
    to: 'expiring',
    fields: { ending: 'expired' },
    event: { type: 'batch.expiring' },
  });
  return 'done';
}

async function finalize(
  batch: FileBatch,
  { records, clock }: FileBatchDeps,
): Promise<Extract<Outcome, { kind: 'ended' }> | 'done'> {
  const moved = await records.movePhase(batch.jobId, {
    from: ['in_progress', 'cancelling', 'expiring'],
    to: 'finalizing',
    fields: { finalizingAt: clock.now() },
    event: { type: 'batch.finalizing' },
  });
  return moved.kind === 'moved' ? ended(batch) : 'done';
}

function ended(batch: FileBatch): Extract<Outcome, { kind: 'ended' }> {
  return { kind: 'ended', ending: endingOf(batch) };
}

function endingOf(batch: FileBatch): JobEnding {
  const { phase, ending, sums } = batch.fileBatch;
  const result = resultOf(batch);
  const spent = { result, usage: sums.usage, costUsd: result.summary.cost_usd };
  if (phase === 'invalid') {
    const count = sums.errorLines;
    const message = `the input file is not valid: ${count} ${count === 1 ? 'problem' : 'problems'}, see errors`;
    return { state: 'failed', error: errorOf('invalid_request', message), ...spent };
  }
  if (ending === undefined) return { state: 'completed', cache: { status: 'off' }, ...spent };
  const reasons = {
    cancelled: 'the batch was cancelled',
    expired: 'the completion window is over',
  };
  return { state: ending, error: errorOf(ending, reasons[ending]), ...spent };
}

function errorOf(code: ErrorCode, message: string) {
  return new SluiceError(code, message).toJSON();
}

function resultOf({ input, progress, fileBatch: { sums } }: FileBatch): FileBatchResult {
  const { total, failed } = progress;
  const succeeded = sums.outputLines;
  return {
    type: 'batch',
    ...(sums.outputLines > 0 && { output_file_id: input.output_file_id }),
    ...(sums.errorLines > 0 && { error_file_id: input.error_file_id }),
    summary: {
      total,
      succeeded,
      failed,
      average_latency_ms: total === 0 ? 0 : Math.round(sums.latencyMs / total),
      total_tokens: sums.usage.total_tokens,
      cost_usd: roundCost(sums.costUsd),
    },
  };
}
