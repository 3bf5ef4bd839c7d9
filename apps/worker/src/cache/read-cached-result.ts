import { cacheMiss, judgeLookup, type FoundReply, type Lookup } from '@sluice/cache';
import type { Outcome } from '@sluice/contracts';
import { cachedEnding } from '@sluice/metering';

import { AnswerStream } from '../call/answer-stream.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { CacheUse } from './cache-use.ts';
import { cacheUseOf } from './find-cache-use.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { sharesFlight } from './flight-for.ts';
import { fetchAnother } from './fetch-another.ts';

/** What came of asking the cache: the job's end, or the plan of a call. */
export type Asked = { outcome: Outcome } | { outcome?: undefined; plan: Plan };

type Deps = Pick<
  RunJobDeps,
  'cache' | 'clock' | 'config' | 'lanes' | 'log' | 'metrics' | 'records'
>;

/** The reply to an earlier equal request, if the model caches and this job accepts it. Takes no permit. */
export async function readCachedResult(plan: Plan, deps: Deps): Promise<Asked> {
  const use = cacheUseOf(plan);
  if (!use) {
    const isOnly = plan.record.cacheMode === 'only';
    return isOnly ? { outcome: missed(plan) } : { plan };
  }
  const { mode } = use.policy;
  const opened = { ...plan, cached: use };
  // Who joins a flight looks then, in the same round trip; but what is similar is looked for before.
  const looksLater = use.policy.strategy !== 'semantic' && sharesFlight(opened);
  if (mode === 'bypass' || looksLater) return { plan: opened };
  const lookup = await deps.cache.find(use.place);
  if (mode === 'refresh') return { plan: { ...plan, cached: { ...use, askedAtMs: lookup.nowMs } } };
  return judge(opened, lookup, deps);
}

/** What a look-up means for the job of a plan that has a cache. */
export function judge(plan: Plan & { cached: CacheUse }, lookup: Lookup, deps: Deps): Asked {
  const { cached } = plan;
  const judged = judgeLookup(lookup, cached.policy);
  deps.metrics.cacheReads.inc({ outcome: judged.kind === 'answer' ? 'hit' : 'miss' });
  if (judged.kind === 'answer') {
    if (judged.isDue) fetchAnother(plan, deps);
    return { outcome: answeredBy(plan, judged.reply, deps) };
  }
  const { mode, strategy } = cached.policy;
  // What is similar is looked for next.
  if (mode === 'only' && strategy !== 'semantic') return { outcome: missed(plan) };
  const { fallback } = judged;
  const askedAtMs = lookup.nowMs;
  return { plan: { ...plan, cached: { ...cached, askedAtMs, ...(fallback && { fallback }) } } };
}

/** The job ends with a reply that was bought before. */
export function answeredBy(
  { record, route }: Plan,
  { entry, info }: FoundReply,
  deps: Pick<RunJobDeps, 'clock' | 'log' | 'records'>,
): Extract<Outcome, { kind: 'ended' }> {
  new AnswerStream(record, deps).finish(entry.result);
  const bought = { name: route.name, reply: entry };
  const ending = cachedEnding(record, bought, { nowMs: deps.clock.now(), cache: info });
  return { kind: 'ended', ending };
}

/** The job wants a reply from the cache only, and there is none. */
export function missed({ record }: Plan): Outcome {
  return { kind: 'ended', ending: { state: 'failed', error: cacheMiss(record.model).toJSON() } };
}
