import { SluiceError, type CostUsd, type Outcome } from '@sluice/contracts';
import type { Permit } from '@sluice/limits';
import { exactCostOf, type Payer, type Refusal } from '@sluice/metering';

import { chargeOf, inputTokensOf, maxOutputOf, targetName } from './charge-call.ts';
import { moveOn } from '../outcome/move-on.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { waitForPermit } from './wait-for-permit.ts';

type Leave = { kind: 'granted'; permit: Permit } | { kind: 'denied'; outcome: Outcome };

/** What is set aside outlives its call by this much, so that the meter has counted what it did cost. */
const spareLeaseMs = 60_000;

/** How long a job waits for calls under way to settle for less than they have set aside. */
const settleWaitMs = 1_000;

/**
 * Leave to make the call now: a permit of the lane, and room in every budget that the call counts in. Both are asked for at
 * once; without both, neither is kept. Most calls count in no budget and ask for none.
 */
export async function askLeave(plan: Plan, deps: RunJobDeps, signal: AbortSignal): Promise<Leave> {
  const { record, lane, target } = plan;
  const amounts = await chargeOf(plan, deps, signal);
  const asker = { tenant: record.tenantId, target: target.model };
  const scopes = budgetsOf(plan, deps);
  // What is sent first is done first: both are one round trip.
  const estimate = scopes.length === 0 ? 'unknown' : await estimateCost(plan, deps, signal);
  const acquiring = deps.limits.acquire(lane, amounts, asker);
  const reserving = scopes.length === 0 ? undefined : reserve(plan, scopes, estimate, deps);
  const [decision, refusal] = await Promise.all([acquiring, reserving]);
  if (decision.kind === 'granted') {
    if (!refusal) return decision;
    await deps.limits.settle(decision.permit, {});
    return { kind: 'denied', outcome: withoutBudget(plan, refusal, deps) };
  }
  if (scopes.length > 0) await deps.budgets.release(record.jobId);
  return { kind: 'denied', outcome: waitForPermit(plan, decision, deps) };
}

/** Gives back what a call has set aside that came to no entry of the ledger; one with an entry is settled by the meter. */
export async function freeBudget(plan: Plan, outcome: Outcome, deps: RunJobDeps): Promise<Outcome> {
  const entry = outcome.kind === 'ended' ? outcome.ending.entry : outcome.entry;
  if (!entry && budgetsOf(plan, deps).length > 0) await deps.budgets.release(plan.record.jobId);
  return outcome;
}

/** A run that an earlier attempt started is paid for: it counts in the budgets when it ends. */
function budgetsOf({ record, target }: Plan, { budgets }: RunJobDeps): string[] {
  if (record.upstream !== undefined) return [];
  const { tenantId, keyId } = record;
  const payer: Payer = { tenantId, keyId, provider: target.provider.name };
  return budgets.scopesOf(payer);
}

async function reserve(
  { record }: Plan,
  scopes: readonly string[],
  estimate: CostUsd,
  { budgets }: RunJobDeps,
): Promise<Refusal | undefined> {
  const leaseMs = record.attemptTimeoutMs + spareLeaseMs;
  return await budgets.reserve(record.jobId, scopes, { call: record.calls + 1, estimate, leaseMs });
}

/**
 * What the call may cost: its input as it is counted, and as much output as it asks for at most; a chat that does not say
 * is expected to be as long as others lately were. Unknown for an app, for sound and without a price.
 */
async function estimateCost(
  plan: Plan,
  { forecast }: Pick<RunJobDeps, 'forecast'>,
  signal: AbortSignal,
): Promise<CostUsd> {
  const { record, target } = plan;
  if (record.type === 'workflow' || record.type === 'transcription') return 'unknown';
  const input = await inputTokensOf(plan, signal);
  const output = maxOutputOf(plan) ?? forecast.expect(targetName(plan));
  const tokens = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  return exactCostOf({ ...tokens, source: 'estimate' }, target.price);
}

/**
 * | refusal                                        | outcome                                                    |
 * |------------------------------------------------|------------------------------------------------------------|
 * | calls under way have what is left              | the ticket waits for them, unburned                        |
 * | a provider's budget is spent                   | the next target, if there is one                           |
 * | spent, or a price that nobody knows            | the job fails; the budget comes back tomorrow, not the job |
 */
function withoutBudget(plan: Plan, refusal: Refusal, deps: RunJobDeps): Outcome {
  const limit = `budget of ${refusal.scope.replace(':', ' ')}`;
  if (refusal.kind === 'wait') {
    const waitMs = Math.ceil(settleWaitMs * (0.5 + deps.random()));
    const resets_at = new Date(deps.clock.now() + waitMs).toISOString();
    return {
      kind: 'wait',
      scope: 'tenant',
      waitMs,
      waitingOn: { limit, scope: 'tenant', resets_at },
    };
  }
  if (refusal.scope.startsWith('provider:')) {
    const { outcome } = moveOn(plan, { reason: 'error', why: limit });
    if (outcome) return outcome;
  }
  const error = budgetExceeded(refusal, 'call').toJSON();
  return { kind: 'ended', ending: { state: 'failed', error } };
}

/** Why a budget does not let something through. */
export function budgetExceeded({ kind, scope, period }: Refusal, what: string): SluiceError {
  const limit = `budget of ${scope.replace(':', ' ')}`;
  const why =
    kind === 'unknown_price'
      ? `the ${limit} lets no ${what} through whose cost is not known before (allow_unknown_prices)`
      : `the ${period} ${limit} has no room for this ${what}`;
  return new SluiceError('budget_exceeded', why);
}
