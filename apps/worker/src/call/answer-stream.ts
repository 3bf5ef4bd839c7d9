import {
  deltaOfResult,
  joinDeltas,
  restOf,
  type JobRecord,
  type RunResult,
  type TextDelta,
} from '@sluice/contracts';
import { newId } from '@sluice/runtime';

import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * The first piece goes out at once, then pieces are collected: for so long, and longer the longer the answer takes, so that
 * it has about 500 pieces after 10 s, 2,000 after a minute and 9,000 after an hour.
 */
const collectMs = 20;
const collectGrowth = 1 / 2_000;

/** An answer with more than this is not sent on piece by piece to its end; when it is whole, it is sent in one. */
const maxPieces = 10_000;
const maxCharacters = 4 * 1_048_576;

/** The job whose answer it is. */
type StreamingJob = Pick<JobRecord, 'jobId' | 'tenantId' | 'attempts' | 'stream'>;

/**
 * The answer of one call, in the making. Of a job that streams, its pieces are sent to the record as they come. Invariants:
 *
 * - Whoever adds up the pieces since the last restart has a beginning of one call's answer, never parts of two: each call is
 *   a run of its own in `append-deltas.lua`.
 * - When the job is completed, they add up to the text of its result: `finish` sends what is missing, or starts again with
 *   the whole where that is not what was said (a moderation replaced it, another worker wrote between, it was too long).
 * - One piece is on its way at a time and the others are collected meanwhile: a slow Redis makes pieces larger, not more.
 * - A job that does not stream sends nothing.
 */
export class AnswerStream {
  readonly #record: StreamingJob;
  readonly #deps: Pick<RunJobDeps, 'clock' | 'log' | 'records'>;
  readonly #startedAtMs: number;
  #said: TextDelta = {};
  #waiting: TextDelta | undefined;
  #timer: NodeJS.Timeout | undefined;
  #run = '';
  #pieces = 0;
  #characters = 0;
  #isSending = false;
  /** Pieces are missing: they were refused, could not be written, or were too many. */
  #hasGap = false;

  constructor(record: StreamingJob, deps: Pick<RunJobDeps, 'clock' | 'log' | 'records'>) {
    this.#record = record;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.now();
  }

  /** Everything that was said so far. */
  get said(): TextDelta {
    return this.#said;
  }

  add(delta: TextDelta): void {
    this.#said = joinDeltas(this.#said, delta);
    if (!this.#record.stream || this.#hasGap) return;
    this.#waiting = this.#waiting ? joinDeltas(this.#waiting, delta) : delta;
    if (!this.#isSending && !this.#timer) this.#sendWaiting();
  }

  /** What was said counts no more; this stands in its place. */
  replace(delta: TextDelta): void {
    this.#said = delta;
    if (this.#record.stream && !this.#hasGap) this.#startAgain(delta);
  }

  /** The call has failed: what was said is sent, and nothing more. */
  stop(): void {
    this.#sendWaiting();
    this.#clearTimer();
  }

  /** Sent, not awaited: what ends the job follows on the same connection. */
  finish(result: RunResult): void {
    const whole = this.#record.stream ? deltaOfResult(result) : undefined;
    const rest = whole && !this.#hasGap ? restOf(this.#said, whole) : undefined;
    if (whole && !rest) this.#startAgain(whole);
    else if (rest) this.#sendLast(rest, whole);
    this.stop();
  }

  /** With the whole, as long as it is not certain that what was sent before was taken. */
  #sendLast(rest: TextDelta, whole: TextDelta | undefined): void {
    const delta = joinDeltas(this.#waiting ?? {}, rest);
    this.#waiting = undefined;
    if (!isEmpty(delta)) this.#count(delta);
    else if (!this.#isSending) return;
    else this.#pieces += 1;
    this.#send(isEmpty(delta) ? undefined : delta, this.#pieces > 1 ? whole : undefined);
  }

  #startAgain(delta: TextDelta): void {
    this.#run = '';
    this.#pieces = 0;
    this.#characters = 0;
    this.#waiting = delta;
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    const delta = this.#waiting;
    this.#waiting = undefined;
    if (!delta || isEmpty(delta)) return;
    this.#count(delta);
    const isTooLong = this.#pieces > maxPieces || this.#characters > maxCharacters;
    // The first piece of a run may be of any size: it can be the whole answer.
    if (isTooLong && this.#pieces > 1) this.#hasGap = true;
    else this.#send(delta);
  }

  #count(delta: TextDelta): void {
    this.#run ||= newId('run', this.#deps.clock.now());
    this.#pieces += 1;
    this.#characters += JSON.stringify(delta).length;
  }

  #send(delta: TextDelta | undefined, whole?: TextDelta): void {
    const { jobId, tenantId, attempts } = this.#record;
    const run = this.#run;
    const piece = {
      tenantId,
      run,
      number: this.#pieces,
      attempt: attempts.length + 1,
      delta,
      whole,
    };
    this.#isSending = true;
    this.#deps.records.appendDelta(jobId, piece).then(
      (isTaken) => this.#onSent(run, isTaken),
      (error: unknown) => {
        this.#deps.log.warn({ err: error, jobId }, 'a piece of an answer was not stored');
        this.#onSent(run, false);
      },
    );
    this.#clearTimer();
    const elapsedMs = this.#deps.clock.now() - this.#startedAtMs;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (!this.#isSending) this.#sendWaiting();
      },
      collectMs + elapsedMs * collectGrowth,
    );
  }

  #onSent(run: string, isTaken: boolean): void {
    if (run !== this.#run) return;
    this.#isSending = false;
    if (!isTaken) this.#hasGap = true;
    else if (!this.#timer) this.#sendWaiting();
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function isEmpty(delta: TextDelta): boolean {
  return Object.keys(delta).length === 0;
}
