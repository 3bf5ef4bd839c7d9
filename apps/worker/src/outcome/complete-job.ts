import {
  SluiceError,
  type Attempt,
  type LedgerEntry,
  type Outcome,
  type Usage,
} from '@sluice/contracts';
import { exactCostOf, promptCacheSavings, roundCost } from '@sluice/metering';

import { bookCall } from '../meter/book-call.ts';
import { estimateOf } from '../meter/estimate-of.ts';
import { wholeCost } from '../meter/whole-cost.ts';
import type { UpstreamOutcome } from '../call/call-upstream.ts';
import type { Plan } from '../begin/plan-job.ts';
import { moveOn } from './move-on.ts';
import { keepAs } from '../cache/write-cache.ts';

type Bought = Extract<UpstreamOutcome, { ok: true; pause?: undefined }>;

/**
 * The outcome of a job whose upstream answered. An answer that its filter cut off is left for the targets that the model names
 * for that, as a refusal is; without any, it is the job's result.
 * A Dify run that failed inside is a failed job that keeps its result.
 */
export async function completeJob(plan: Plan, call: Bought): Promise<Outcome> {
  const usage = call.usage ?? (await estimateOf(plan.record.input, call.result));
  const entry = book(plan, call, usage);
  const { priceVersion } = entry;
  const metered = {
    ...(usage && { usage }),
    costUsd: wholeCost(plan.record, entry.costUsd),
    ...(priceVersion !== undefined && { priceVersion }),
    attempt: call.attempt,
    entry,
  };
  const { result } = call;
  const filtered = leaveFiltered(plan, call, { usage, entry });
  if (filtered) return filtered;
  if (result.type === 'workflow' && (result.status === 'failed' || result.status === 'stopped')) {
    const message = result.error ?? `the workflow run ended as ${result.status}`;
    const error = new SluiceError('workflow_failed', message).toJSON();
    return { kind: 'ended', ending: { state: 'failed', error, result, ...metered } };
  }
  const cache = { status: cacheStatus(plan) } as const;
  const ending = { state: 'completed', result, cache, ...metered } as const;
  const as = keepAs(plan, result);
  const asked = as && plan.cached?.asked;
  return { kind: 'ended', ending, ...(as && { keepAs: as }), ...(asked && { askedAs: asked }) };
}

function leaveFiltered(
  plan: Plan,
  { attempt, result }: Bought,
  { usage, entry }: { usage: Usage | undefined; entry: LedgerEntry },
): Outcome | undefined {
  if (result.type !== 'chat' || result.finish_reason.unified !== 'content_filter') return undefined;
  const { name } = plan.target.provider;
  const error = new SluiceError('content_filtered', `the filter of ${name} cut its answer off`);
  const left: Attempt = {
    ...attempt,
    outcome: 'failed',
    error: error.toJSON(),
    ...(usage && { usage }),
    cost_usd: roundCost(entry.costUsd),
  };
  const { outcome } = moveOn(plan, { reason: 'contentFilter', why: error.code, attempt: left });
  return outcome && { ...outcome, entry };
}

function book(plan: Plan, { attempt, costUsd }: Bought, usage: Usage | undefined): LedgerEntry {
  const { price, priceVersion } = plan.target;
  return bookCall(plan, {
    startedAtMs: attempt.started_at_ms,
    endedAtMs: attempt.ended_at_ms,
    outcome: 'succeeded',
    usage,
    costUsd: costUsd ?? exactCostOf(usage, price),
    ...(costUsd === undefined && {
      priceVersion,
      promptCacheSavedUsd: promptCacheSavings(usage, price),
    }),
  });
}

function cacheStatus({ cached }: Plan): 'miss' | 'bypass' | 'refresh' | 'off' {
  if (!cached) return 'off';
  const { mode } = cached.policy;
  return mode === 'bypass' || mode === 'refresh' ? mode : 'miss';
}
