import {
  answerAlone,
  cacheMiss,
  mayBeCached,
  policyFor,
  revalidationOf,
  type CachePlace,
} from '@sluice/cache';
import type { Route, RouteTarget } from '@sluice/config';
import type { CallType, JobEnding, JobRequest } from '@sluice/contracts';
import { cachedEnding } from '@sluice/metering';
import { itineraryOf } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';

export type AskCacheDeps = Pick<
  ApiDeps,
  'cache' | 'clock' | 'config' | 'lanes' | 'log' | 'metrics' | 'records' | 'routeWatch'
>;

/** What the cache says of a job as it comes in: its end, that it may answer it in its turn, or that a call is needed. */
export type CacheWord = { kind: 'ended'; ending: JobEnding } | { kind: 'later' } | { kind: 'call' };

/** Where a job would be sent now. */
interface Way {
  type: CallType;
  route: Route;
  target: RouteTarget;
}

/**
 * What the cache alone decides, so that the job waits in no lane: not behind others, not for a closed one, not for an upstream
 * that is down. Jobs of models that do not cache ask nothing.
 *
 * | the job                                              | the cache's word                                      |
 * |------------------------------------------------------|-------------------------------------------------------|
 * | is for later, or a turn of a session                 | `later`: it is asked when the job is due, or runs     |
 * | is a batch, waits for a classifier                   | `call`; a batch's requests are asked for one by one   |
 * | bypasses or refreshes                                | `call`                                                |
 * | a reply answers it                                   | `ended`, completed                                    |
 * | a stale reply would if the call failed, and its lane | `ended`, completed with that: nobody can be asked     |
 * |   is closed or its breaker open                      |                                                       |
 * | `only`, and there is none                            | `ended`, failed as `cache_miss`                       |
 * | none, and what is similar may be there               | `later`                                               |
 */
export async function askCache(job: JobRequest, deps: AskCacheDeps): Promise<CacheWord> {
  if (!mayBeCached(job, deps.config)) return { kind: 'call' };
  const way = wayOf(job, deps);
  if (!way) return { kind: 'call' };
  const policy = policyFor(way.route, job);
  if (!policy) return job.cacheMode === 'only' ? missed(job) : { kind: 'call' };
  if (job.runAtMs !== undefined || isTurn(job)) {
    return { kind: policy.mode === 'default' || policy.mode === 'only' ? 'later' : 'call' };
  }
  return await lookUp(job, { way, policy }, deps);
}

async function lookUp(
  job: JobRequest,
  { way, policy }: { way: Way; policy: NonNullable<ReturnType<typeof policyFor>> },
  deps: AskCacheDeps,
): Promise<CacheWord> {
  const { route, target, type } = way;
  const nowMs = deps.clock.now();
  const isDown = () => deps.routeWatch.lateStart(target, nowMs) !== undefined;
  const placing = { policy, route, job: { ...job, type } };
  const answer = await answerAlone(deps.cache, placing, target, isDown);
  if (answer.kind === 'missed') {
    deps.metrics.answered('miss');
    return missed(job);
  }
  if (answer.kind !== 'answer') return answer;
  const { reply, isDue, place } = answer;
  deps.metrics.answered('hit');
  if (isDue) fetchAnother(job, { place, lane: target.lane }, deps);
  const bought = { name: route.name, reply: reply.entry };
  const own = { ...job, calls: 0, attempts: [] };
  return { kind: 'ended', ending: cachedEnding(own, bought, { nowMs, cache: reply.info }) };
}

/** What was said before in its session is part of the question, and read by the worker. */
function isTurn({ type, sessionId }: JobRequest): boolean {
  return type === 'chat' && sessionId !== undefined;
}

function wayOf(job: JobRequest, { config }: AskCacheDeps): Way | undefined {
  if (job.type === 'batch') return undefined;
  const { type, model, routing, targetIndex } = job;
  const { route, steps, first } = itineraryOf(config, { type, model, routing });
  const step = steps[targetIndex ?? first];
  if (!step || step.group === 'classifier') return undefined;
  return { type, route, target: step.target };
}

function missed({ model }: JobRequest): CacheWord {
  return { kind: 'ended', ending: { state: 'failed', error: cacheMiss(model).toJSON() } };
}

/** A job of its own fetches another reply in place of a stale one. Not awaited: the stale one answers meanwhile. */
function fetchAnother(
  job: JobRequest,
  { place, lane }: { place: CachePlace; lane: string },
  { cache, clock, config, lanes, log, records }: AskCacheDeps,
): void {
  const fetching = async () => {
    if (!(await cache.claimRefresh(place))) return;
    const createdAtMs = clock.now();
    const { maxWaitMs, timeoutMs } = config.jobs;
    const times = {
      createdAtMs,
      startByMs: createdAtMs + maxWaitMs,
      deadlineMs: createdAtMs + timeoutMs,
    };
    const request = revalidationOf(job, { jobId: records.newJobId(), ...times, lane });
    const { jobId, tenantId, type, model, priority, tokens, weight } = request;
    const ticket = { jobId, tenantId, type, model, attempt: 1 };
    const placement = lanes.placement({ ticket, lane, priority, tokens, weight });
    await records.accept(request, undefined, placement);
  };
  fetching().catch((error: unknown) => {
    log.warn({ err: error, jobId: job.jobId }, 'a stale reply was not fetched anew');
  });
}
