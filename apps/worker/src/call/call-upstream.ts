import {
  SluiceError,
  type Attempt,
  type CostUsd,
  type JobRecord,
  type RawReply,
  type RunResult,
  type TextDelta,
  type Usage,
} from '@sluice/contracts';
import type { Permit } from '@sluice/limits';
import { exactCostOf } from '@sluice/metering';
import type { Spent, WorkflowPause } from '@sluice/providers';

import { AnswerStream } from './answer-stream.ts';
import { callAdapter } from './call-adapter.ts';
import { emptyReply } from './empty-reply.ts';
import { expired } from '../begin/deadline.ts';
import { keepHandles } from './keep-handles.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** How one upstream call went, as a value. */
export type UpstreamOutcome =
  | {
      ok: true;
      attempt: Attempt;
      pause?: undefined;
      result: RunResult;
      usage: Usage | undefined;
      /** Where the upstream itself gave a price. */
      costUsd: CostUsd | undefined;
    }
  | { ok: true; attempt: Attempt; pause: WorkflowPause['pause']; usage?: undefined }
  | {
      ok: false;
      attempt: Attempt;
      error: SluiceError;
      /** The record still has a handle of the call: what it started may go on, so no other target may start it too. */
      isHeld: boolean;
      /** It was ended from here: cancelled, out of time, or its worker or slot was lost. */
      isCut: boolean;
      /** It was answered and is paid for, and what was answered is nothing. */
      isBought?: boolean;
      /** What it had answered by then; of a chat or an app. */
      said?: TextDelta;
      /** What the upstream had told by then of what it took. */
      spent?: Spent | undefined;
    };

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/** Why a call was ended whose slot may be somebody else's; the signal's reason. */
export const slotLost = new SluiceError(
  'interrupted',
  'the call lost its slot: it was renewed too late',
);

/** A slot's lease is 15 s; three renewals may be late before it is lost. */
const renewEveryMs = 4_000;

/** Makes the call, keeps the permit's slot alive while it runs, and bounds it by the deadlines of attempt and job. Never throws. */
export async function callUpstream(
  plan: Plan,
  permit: Permit,
  deps: RunJobDeps,
  signal: AbortSignal,
): Promise<UpstreamOutcome> {
  const bounded = withDeadline(signal, plan, deps);
  const { leases } = permit;
  const renewing =
    leases.lane || leases.tenant
      ? setInterval(() => renew(permit, bounded.abort, deps), renewEveryMs)
      : undefined;
  const outcome = await attemptCall(plan, permit, deps, bounded.signal);
  bounded.clear();
  clearInterval(renewing);
  observe(plan, outcome, deps);
  return outcome;
}

async function attemptCall(
  plan: Plan,
  permit: Permit,
  deps: RunJobDeps,
  signal: AbortSignal,
): Promise<UpstreamOutcome> {
  const attempt = attemptOf(plan, deps.clock.now());
  const handles = keepHandles(plan, deps);
  const answer = new AnswerStream(plan.record, deps);
  let raw: RawReply | undefined;
  let spent: Spent | undefined;
  const listeners = {
    onRaw: (told: RawReply) => void (raw = told),
    onSpent: (told: Spent) => void (spent = told),
  };
  const failed = (thrown: unknown): FailedCall => {
    const error = SluiceError.from(thrown);
    const ended = failedAttempt(attempt, error, deps.clock.now());
    const [isHeld, isCut, { said }] = [handles.isHeld(), signal.aborted, answer];
    return { ok: false, attempt: ended, error, isHeld, isCut, said, spent };
  };
  try {
    const reply = await callAdapter(plan, { permit, handles, answer, signal, ...listeners }, deps);
    const ended = succeededAttempt(attempt, reply.upstreamRequestId, deps.clock.now());
    if ('pause' in reply && reply.pause) return { ok: true, attempt: ended, pause: reply.pause };
    const empty = emptyReply(plan, reply);
    if (empty) return { ...failed(empty), isBought: true, spent: priced(plan, reply.usage) };
    answer.finish(reply.result);
    const result: RunResult = { ...reply.result, ...(raw && { raw }) };
    const costUsd = 'costUsd' in reply ? reply.costUsd : undefined;
    return { ok: true, attempt: ended, result, usage: reply.usage, costUsd };
  } catch (thrown) {
    return failed(thrown);
  } finally {
    answer.stop();
  }
}

function priced({ target }: Plan, usage: Usage | undefined): Spent | undefined {
  return usage && { usage, costUsd: exactCostOf(usage, target.price) };
}

function succeededAttempt(attempt: Attempt, id: string | undefined, endedAtMs: number): Attempt {
  return {
    ...attempt,
    ended_at_ms: endedAtMs,
    outcome: 'succeeded',
    ...(id !== undefined && { upstream_request_id: id }),
  };
}

function failedAttempt(attempt: Attempt, error: SluiceError, endedAtMs: number): Attempt {
  const outcome = error.code === 'cancelled' ? 'cancelled' : 'failed';
  return { ...attempt, ended_at_ms: endedAtMs, outcome, error: error.toJSON() };
}

function observe(plan: Plan, call: UpstreamOutcome, deps: RunJobDeps): void {
  const { attempt } = call;
  const lane = plan.lane.name;
  const provider = attempt.provider;
  const outcome = call.ok ? (call.pause ? 'paused' : 'succeeded') : call.error.code;
  const { number, model } = attempt;
  const durationMs = attempt.ended_at_ms - attempt.started_at_ms;
  const { jobId } = plan.record;
  deps.log.debug({ jobId, lane, attempt: number, provider, model, durationMs, outcome }, 'attempt');
  deps.metrics.attempts.inc({ lane, provider, outcome });
  deps.metrics.attemptSeconds.observe({ lane, provider }, durationMs / 1000);
  if (attempt.number === 1) {
    const waitedMs = attempt.started_at_ms - plan.record.createdAtMs;
    deps.metrics.queueSeconds.observe({ lane }, Math.max(0, waitedMs) / 1000);
  }
}

/** An attempt of the plan's target that begins now, failed as long as nothing else is said. */
export function attemptOf(plan: Plan, startedAtMs: number): Attempt {
  return {
    number: plan.record.attempts.length + 1,
    provider: plan.target.provider.name,
    model: plan.target.model,
    started_at_ms: startedAtMs,
    ended_at_ms: startedAtMs,
    outcome: 'failed',
  };
}

/** A slot that could not be renewed in time may be another call's already: this one ends, so that both do not run. */
function renew(permit: Permit, abort: (reason: SluiceError) => void, deps: RunJobDeps): void {
  deps.limits.renew(permit).then(
    (isHeld) => {
      if (!isHeld) abort(slotLost);
    },
    (error: unknown) => {
      deps.log.warn({ err: error, lane: permit.lane }, 'a slot was not renewed');
    },
  );
}

/**
 * `signal`, the end of the attempt's time or of the job's, whichever comes first; the reason is a SluiceError in all cases. It
 * is made only then: with its stack it takes 12 µs, 4 % of what a job costs the worker without its call.
 */
function withDeadline(
  signal: AbortSignal,
  { record }: Plan,
  { clock }: Pick<RunJobDeps, 'clock'>,
): { signal: AbortSignal; abort(reason: SluiceError): void; clear(): void } {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const { attemptTimeoutMs, deadlineMs } = record;
  const leftMs = deadlineMs - clock.now();
  const onTimeout = () =>
    controller.abort(
      leftMs <= attemptTimeoutMs ? expired(record, 'timeout_seconds') : timedOut(record),
    );
  const timer = setTimeout(onTimeout, Math.min(leftMs, attemptTimeoutMs));
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/**
 * The whole call took too long. A workflow is not tried again then: it was stopped, and a second run would have all the
 * effects of the first one once more.
 */
function timedOut({ type, attemptTimeoutMs }: JobRecord): SluiceError {
  const param = 'attempt_timeout_seconds';
  const message = `no complete reply within ${attemptTimeoutMs / 1000} s (${param})`;
  return new SluiceError('upstream_timeout', message, { param, retryable: type !== 'workflow' });
}
