import type { Outcome } from '@sluice/contracts';
import { exactCostOf } from '@sluice/metering';

import { bookCall } from './book-call.ts';
import type { UpstreamOutcome } from '../call/call-upstream.ts';
import { isCharged } from '../call/count-cut.ts';
import type { Plan } from '../begin/plan-job.ts';

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/**
 * The outcome of a failed call, with the call for the ledger. One that was refused costs nothing, and
 * is booked where it counts as an attempt; for one that was cut see `count-cut.ts`. A run that goes on upstream is found again by its handle, and booked when it ends.
 */
export function bookFailure(plan: Plan, call: FailedCall, outcome: Outcome): Outcome {
  const isCut = isCharged(call);
  const { error, attempt } = call;
  if (call.isHeld || (!isCut && !isAttempt(outcome))) return outcome;
  const { price, priceVersion } = plan.target;
  const entry = bookCall(plan, {
    startedAtMs: attempt.started_at_ms,
    endedAtMs: attempt.ended_at_ms,
    outcome: isCut ? 'cut' : 'failed',
    errorCode: error.code,
    costUsd: isCut ? exactCostOf(attempt.usage, price) : '0',
    ...(isCut && { usage: attempt.usage, priceVersion }),
  });
  if (outcome.kind !== 'ended') return { ...outcome, entry };
  return { ...outcome, ending: { ...outcome.ending, entry } };
}

function isAttempt(outcome: Outcome): boolean {
  if (outcome.kind === 'ended') return outcome.ending.attempt !== undefined;
  return 'attempt' in outcome && outcome.attempt !== undefined;
}
