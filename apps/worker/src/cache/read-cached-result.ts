import { cacheKey } from '@sluice/cache';
import type { Outcome, Saved } from '@sluice/contracts';
import { sumCosts } from '@sluice/metering';

import { AnswerStream } from '../call/answer-stream.ts';
import { bookCall } from '../meter/book-call.ts';
import { callTypeOf } from '../begin/call-type.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Whether results of this job may come from the cache or go into it. */
export function isCacheable(plan: Plan): boolean {
  const { input, sessionId } = plan.record;
  // What was said before in a conversation changes the answer.
  const isTalk = sessionId !== undefined || 'conversation_id' in input;
  return plan.route.cache !== undefined && plan.record.cacheMode !== 'bypass' && !isTalk;
}

/** The result of an earlier equal request, if the model caches and this job accepts it. Takes no permit. */
export async function readCachedResult(
  plan: Plan,
  deps: Pick<RunJobDeps, 'cache' | 'clock' | 'log' | 'metrics' | 'records'>,
): Promise<Outcome | undefined> {
  if (!isCacheable(plan) || plan.record.cacheMode === 'refresh') return undefined;
  const entry = await deps.cache.read(keyOf(plan), plan.record.tenantId);
  deps.metrics.cacheReads.inc({ outcome: entry ? 'hit' : 'miss' });
  if (!entry) return undefined;
  new AnswerStream(plan.record, deps).finish(entry.result);
  const now = deps.clock.now();
  const ageMs = Math.max(0, now - entry.storedAtMs);
  const saved: Saved = { tokens: entry.usage?.total_tokens ?? 0, usd: entry.costUsd };
  const { attempts } = plan.record;
  return {
    kind: 'ended',
    ending: {
      state: 'completed',
      result: entry.result,
      ...(entry.usage && { usage: entry.usage }),
      costUsd: sumCosts(attempts.map(({ cost_usd: cost }) => cost ?? '0')),
      saved,
      entry: bookCall(plan, {
        startedAtMs: now,
        endedAtMs: now,
        outcome: 'cached',
        usage: entry.usage,
        costUsd: '0',
        saved,
      }),
      cache: { status: 'hit', age_seconds: Math.round(ageMs / 1000) },
    },
  };
}

/** The key under which the job's result is cached: everything that may change the reply. */
export function keyOf(plan: Plan): string {
  const { record } = plan;
  return cacheKey({
    tenantId: record.tenantId,
    type: callTypeOf(record.type),
    name: plan.route.name,
    target: plan.target,
    input: record.input,
    user: record.user,
    includeRaw: record.includeRaw,
  });
}
