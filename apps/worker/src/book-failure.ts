import type { ErrorCode, Outcome } from '@sluice/contracts';
import { exactCostOf } from '@sluice/metering';

import { bookCall } from './book-call.ts';
import type { UpstreamOutcome } from './call-upstream.ts';
import { isCharged } from './count-cut.ts';
import type { Plan } from './plan-job.ts';

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/** Nothing reached the upstream, or it only said not now: no call to book. */
const unsentCodes: readonly ErrorCode[] = [
  'permit_expired',
  'rate_limited',
  'upstream_unreachable',
];

/**
 * The outcome of a failed call, with the call for the ledger. One that was refused costs nothing; for one that was cut see
 * `count-cut.ts`. A run that goes on upstream is found again by its handle, and booked when it ends.
 */
export function bookFailure(plan: Plan, call: FailedCall, outcome: Outcome): Outcome {
  const isCut = isCharged(call);
  const { error, attempt } = call;
  if (call.isHeld || (!isCut && unsentCodes.includes(error.code))) return outcome;
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
