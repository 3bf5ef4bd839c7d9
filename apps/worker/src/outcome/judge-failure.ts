import { maskKey } from '@sluice/config';
import type { Attempt, Outcome, SluiceError, WaitingOn } from '@sluice/contracts';
import { refusesKey, type BreakerState } from '@sluice/limits';
import { retryDelayMs, stopReasons } from '@sluice/queue';

import { slotLost, type UpstreamOutcome } from '../call/call-upstream.ts';
import { moveOn, passOn } from './move-on.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { isFault } from '../permit/settle-permit.ts';
import { expiry, passedDeadline } from '../begin/deadline.ts';
import { leaveIfLate, longestPauseMs, waitForPermit } from '../permit/wait-for-permit.ts';

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/** How long a lane rests after a 429 that does not say. */
const defaultPauseMs = 1_000;

/**
 * What to do after a failed call, first match wins:
 *
 * | failure                                   | outcome                                                  |
 * |-------------------------------------------|----------------------------------------------------------|
 * | this worker goes away                     | give the ticket back                                     |
 * | it did not leave before its permit ran out| wait for another permit, unburned                        |
 * | its slot was lost                         | the same                                                 |
 * | lock lost, or the job was cancelled       | nothing: the record is somebody else's or has ended      |
 * | the job's time was over                   | expired                                                  |
 * | the key was refused, another is left      | park the key; ask again at once, unburned                |
 * | 429                                       | close the lane for everyone; the ticket waits, unburned  |
 * | a fault of a target whose breaker is open | next target, or wait for it to be back, unburned         |
 * | retryable, attempts left                  | retry later, with full jitter; expired, if that is late  |
 * | another target may do better              | fall back, unless what this one started may go on        |
 * | anything else                             | fail                                                     |
 */
export async function judgeFailure(
  plan: Plan,
  call: FailedCall,
  deps: RunJobDeps,
  breaker?: BreakerState,
): Promise<Outcome> {
  const { record } = plan;
  const { error, attempt } = call;
  if (error === stopReasons.drained) return { kind: 'give_back' };
  if (error === stopReasons.lockLost) return { kind: 'nothing', reason: 'lock lost' };
  if (error.code === 'permit_expired') return askAgain('connection', deps);
  if (error === slotLost) return askAgain('concurrency', deps);
  if (error.code === 'cancelled') return { kind: 'nothing', reason: 'cancelled' };
  if (error.code === 'expired') return endExpired(error, attempt);
  deps.log.info(
    {
      jobId: record.jobId,
      lane: plan.lane.name,
      attempt: attempt.number,
      provider: attempt.provider,
      model: attempt.model,
      code: error.code,
      status: error.upstreamStatus,
      durationMs: attempt.ended_at_ms - attempt.started_at_ms,
    },
    'attempt failed',
  );
  if (await hasOtherKey(plan, error, deps)) return askAgain('API key', deps);
  if (error.code === 'rate_limited') return await rateLimited(plan, error, deps);
  if (isOpen(breaker) && isFault(error) && error.retryable && !isLate(plan, deps)) {
    return afterFault(plan, call, deps);
  }
  if (error.retryable && failuresOf(plan) + 1 < plan.target.retry.maxAttempts) {
    return retryLater(plan, call, deps);
  }
  if (!call.isHeld) return passOn(plan, error, attempt);
  return { kind: 'ended', ending: { state: 'failed', error: error.toJSON(), attempt } };
}

function endExpired(error: SluiceError, attempt: Attempt): Outcome {
  return { kind: 'ended', ending: { state: 'expired', error: error.toJSON(), attempt } };
}

function isOpen(breaker: BreakerState | undefined): boolean {
  return breaker === 'opened' || breaker === 'open';
}

/** A job must not go on for ever on attempts that burn nothing. */
function isLate({ record }: Plan, { clock }: RunJobDeps): boolean {
  return clock.now() > record.startByMs;
}

/** How long a ticket whose call has helped to open a breaker, or has probed it in vain, lets others go first. */
const afterFaultMs = 5_000;

/** Everyone's calls fail now: that is not this job's fault, and trying on its own would only make it worse. */
function afterFault(plan: Plan, call: FailedCall, deps: RunJobDeps): Outcome {
  const waitMs = Math.ceil(afterFaultMs * (0.5 + deps.random() / 2));
  const resetsAtMs = deps.clock.now() + waitMs;
  const denied = { kind: 'denied', scope: 'tenant', limit: 'circuit breaker', waitMs } as const;
  const { attempt, error } = call;
  const moved = call.isHeld
    ? undefined
    : moveOn(plan, { reason: 'error', why: error.code, attempt });
  if (moved?.outcome) return moved.outcome;
  return waitForPermit(plan, { ...denied, resetsAtMs }, deps);
}

/** Parks a key that was refused, for all workers. Whether the target has another one. */
async function hasOtherKey(plan: Plan, error: SluiceError, deps: RunJobDeps): Promise<boolean> {
  const { target } = plan;
  if (target.apiKey === undefined || !refusesKey(error)) return false;
  const left = await deps.parkedKeys.park(target, target.apiKey, error);
  deps.log.warn(
    { provider: target.provider.name, key: maskKey(target.apiKey), code: error.code },
    'an API key was refused and is parked',
  );
  return left.kind === 'key';
}

/** Nothing came of the call that counts: the ticket asks again at once, from the head of its lane. */
function askAgain(limit: string, deps: RunJobDeps): Outcome {
  const waitMs = 1;
  return {
    kind: 'wait',
    scope: 'lane',
    waitMs,
    waitingOn: waitingOn(limit, 'lane', deps.clock.now() + waitMs),
  };
}

async function rateLimited(plan: Plan, error: SluiceError, deps: RunJobDeps): Promise<Outcome> {
  const { maxPauseMs = Infinity } = plan.lane;
  const pauseMs = Math.max(1, Math.min(error.retryAfterMs ?? defaultPauseMs, maxPauseMs));
  deps.metrics.rateLimited.inc({ lane: plan.lane.name });
  await deps.limits.penalize(plan.lane, pauseMs, error.message);
  const untilMs = deps.clock.now() + pauseMs;
  const late = leaveIfLate(plan, 'upstream 429', untilMs);
  return (
    late ?? {
      kind: 'wait',
      scope: 'lane',
      waitMs: Math.min(pauseMs, longestPauseMs),
      waitingOn: waitingOn('upstream 429', 'lane', untilMs),
    }
  );
}

function retryLater(plan: Plan, call: FailedCall, deps: RunJobDeps): Outcome {
  const delayMs = retryDelayMs(plan.target.retry, failuresOf(plan) + 1, {
    retryAfterMs: call.error.retryAfterMs,
    random: deps.random,
  });
  return (
    leaveIfTooLate(plan, call, deps.clock.now() + delayMs) ?? {
      kind: 'retry',
      delayMs,
      attempt: call.attempt,
      waitingOn: waitingOn(`retry after ${call.error.code}`, 'job', deps.clock.now() + delayMs),
    }
  );
}

/** A job whose time is over before it may be tried again: the next target, or its end. A run that goes on is waited for. */
function leaveIfTooLate(
  { record, ...plan }: Plan,
  { attempt, error, isHeld }: FailedCall,
  retryAtMs: number,
): Outcome | undefined {
  const tried = { ...record, attempts: [...record.attempts, attempt] };
  const passed = isHeld ? undefined : passedDeadline(tried, retryAtMs);
  if (!passed) return undefined;
  const moved = moveOn({ ...plan, record }, { reason: 'error', why: error.code, attempt });
  if (moved.outcome) return moved.outcome;
  const ending = expiry(record, passed, `${error.code}: ${error.message}`);
  return { kind: 'ended', ending: { ...ending, attempt } };
}

/** Attempts that the current target has already burned. */
function failuresOf({ record }: Plan): number {
  return record.attempts.length - (record.moves?.at(-1)?.attempts ?? 0);
}

function waitingOn(limit: string, scope: WaitingOn['scope'], untilMs: number): WaitingOn {
  return { limit, scope, resets_at: new Date(untilMs).toISOString() };
}
