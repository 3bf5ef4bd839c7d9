import type { ErrorCode, SluiceError } from '@sluice/contracts';
import type { BreakerState, CallOutcome, Permit, PermitAmounts } from '@sluice/limits';

import type { UpstreamOutcome } from '../call/call-upstream.ts';
import { profileOf, targetName } from './charge-call.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * Puts the real amounts in place of the estimate, frees the slot and tells the target's breaker how the call went. Returns
 * the state of the breaker after a fault. Never rejects: a permit that was not settled is only charged for too long.
 */
export async function settlePermit(
  plan: Plan,
  permit: Permit,
  call: UpstreamOutcome,
  deps: RunJobDeps,
): Promise<BreakerState | undefined> {
  try {
    if (!call.ok && call.error.code === 'permit_expired') {
      await deps.limits.putBack(plan.lane, permit);
      return undefined;
    }
    const state = await deps.limits.settle(
      permit,
      usedBy(plan, permit, call, deps),
      outcomeOf(call),
    );
    if (state !== undefined) noteBreaker(plan, state, deps);
    return state;
  } catch (error) {
    deps.log.warn({ err: error, lane: plan.lane.name }, 'a permit was not settled; its lease ends');
    return undefined;
  }
}

function usedBy(
  plan: Plan,
  permit: Permit,
  call: UpstreamOutcome,
  deps: RunJobDeps,
): PermitAmounts {
  if (!call.ok) return call.error.code === 'upstream_unreachable' ? {} : permit.amounts;
  const { usage } = call;
  if (!usage) return permit.amounts;
  if (usage.output_tokens !== undefined) deps.forecast.learn(targetName(plan), usage.output_tokens);
  return profileOf(plan.lane).settle(usage, permit.amounts);
}

/** Failures that say that the upstream is not well, not that the request is wrong or may not be made now. */
const faults: readonly ErrorCode[] = [
  'upstream_overloaded',
  'upstream_timeout',
  'upstream_unreachable',
  'upstream_truncated',
  'bad_upstream',
  'upstream_error',
];

export function isFault({ code }: Pick<SluiceError, 'code'>): boolean {
  return faults.includes(code);
}

/** A call that was cut from here, by a short time-out of the job's own too, says nothing of its target. */
function outcomeOf(call: UpstreamOutcome): CallOutcome {
  if (call.ok) return 'ok';
  return isFault(call.error) && !call.isCut ? 'fault' : '';
}

function noteBreaker({ lane, target }: Plan, state: BreakerState, deps: RunJobDeps): void {
  if (state === 'open') return;
  deps.metrics.breakerMoves.inc({ lane: lane.name, target: target.model, state });
  deps.log.warn(
    { lane: lane.name, model: target.model },
    `the circuit breaker of a target ${state}`,
  );
}
