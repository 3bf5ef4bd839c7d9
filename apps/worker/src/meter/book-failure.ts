import type { LedgerEntry, Outcome } from '@sluice/contracts';
import { exactCostOf } from '@sluice/metering';

import { bookCall } from './book-call.ts';
import { wholeCost } from './whole-cost.ts';
import type { UpstreamOutcome } from '../call/call-upstream.ts';
import { isCharged } from '../call/count-cut.ts';
import type { Plan } from '../begin/plan-job.ts';

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/**
 * The outcome of a failed call, with the call for the ledger. One that was refused costs nothing, and is booked where it
 * counts as an attempt; for one that was cut see `count-cut.ts`: its job shows what it cost. A run that goes on upstream and
 * will be found again by its handle is booked when it ends.
 */
export function bookFailure(plan: Plan, call: FailedCall, outcome: Outcome): Outcome {
  const isCut = isCharged(call);
  const goesOn = call.isHeld && outcome.kind !== 'ended' && call.error.code !== 'cancelled';
  if (goesOn || (!isCut && !isAttempt(outcome))) return outcome;
  const entry = entryOf(plan, call, isCut);
  if (!isCut) return withEntry(outcome, entry);
  const { attempt } = call;
  const { usage } = attempt;
  const spent = { ...(usage && { usage }), costUsd: wholeCost(plan.record, entry.costUsd) };
  if (outcome.kind === 'nothing') return { ...outcome, entry, cut: { attempt, ...spent } };
  if (outcome.kind !== 'ended') return { ...outcome, entry };
  return { ...outcome, ending: { ...outcome.ending, ...spent, entry } };
}

function entryOf(plan: Plan, { attempt, error, spent }: FailedCall, isCut: boolean): LedgerEntry {
  const { price, priceVersion } = plan.target;
  const told = spent && (spent.costUsd ?? 'unknown');
  return bookCall(plan, {
    startedAtMs: attempt.started_at_ms,
    endedAtMs: attempt.ended_at_ms,
    outcome: isCut ? 'cut' : 'failed',
    errorCode: error.code,
    costUsd: isCut ? (told ?? exactCostOf(attempt.usage, price)) : '0',
    ...(isCut && { usage: attempt.usage, priceVersion }),
  });
}

function withEntry(outcome: Outcome, entry: LedgerEntry): Outcome {
  if (outcome.kind !== 'ended') return { ...outcome, entry };
  return { ...outcome, ending: { ...outcome.ending, entry } };
}

function isAttempt(outcome: Outcome): boolean {
  if (outcome.kind === 'ended') return outcome.ending.attempt !== undefined;
  return 'attempt' in outcome && outcome.attempt !== undefined;
}
