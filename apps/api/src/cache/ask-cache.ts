import {
  judgeLookup,
  placeOf,
  policyFor,
  revalidationOf,
  type EffectivePolicy,
} from '@sluice/cache';
import type { Route, RouteTarget } from '@sluice/config';
import { SluiceError, type CallType, type JobEnding, type JobRequest } from '@sluice/contracts';
import { cachedEnding } from '@sluice/metering';
import { itineraryOf } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';

export type AskCacheDeps = Pick<
  ApiDeps,
  'cache' | 'clock' | 'config' | 'lanes' | 'log' | 'metrics' | 'records' | 'routeWatch'
>;

/** Where a job would be sent now. */
interface Way {
  type: CallType;
  route: Route;
  target: RouteTarget;
}

/**
 * The end of a job that the cache alone decides, so that it waits in no lane: not behind others, not for a closed one, not for
 * an upstream that is down. `undefined` for one that needs its turn. Jobs of models that do not cache ask nothing.
 *
 * | the job                                              | here                                                  |
 * |------------------------------------------------------|-------------------------------------------------------|
 * | is for later, a batch, a turn of a session, or waits | not asked: it is when its turn comes                  |
 * |   for a classifier                                   |                                                       |
 * | bypasses or refreshes                                | not asked                                             |
 * | a reply answers it                                   | completed                                             |
 * | a stale reply would if the call failed, and its lane | completed with that: the upstream cannot be asked     |
 * |   is closed or its breaker open                      |                                                       |
 * | `only`, and there is none                            | failed as `cache_miss`                                |
 */
export async function askCache(
  job: JobRequest,
  deps: AskCacheDeps,
): Promise<JobEnding | undefined> {
  const isForLater = job.runAtMs !== undefined;
  const way = isForLater || isTurn(job) ? undefined : wayOf(job, deps);
  if (!way) return undefined;
  const policy = policyFor(way.route, job);
  const isOnly = (policy?.mode ?? job.cacheMode) === 'only';
  if (!policy) return isOnly ? missed(job) : undefined;
  if (policy.mode !== 'default' && !isOnly) return undefined;
  return await lookUp(job, { way, policy, isOnly }, deps);
}

/** Without asking anybody: most models do not cache, and their jobs are accepted in one round trip. */
export function mayBeCached(
  job: JobRequest,
  { routes }: Pick<ApiDeps['config'], 'routes'>,
): boolean {
  if (job.type === 'batch' || job.cacheMode === 'bypass' || job.cacheMode === 'refresh')
    return false;
  if (job.cacheMode === 'only' || job.cacheChoice?.ttlMs !== undefined) return true;
  const { model, routing } = job;
  return routes[job.type][routing?.model ?? model]?.cache !== undefined;
}

async function lookUp(
  job: JobRequest,
  { way, policy, isOnly }: { way: Way; policy: EffectivePolicy; isOnly: boolean },
  deps: AskCacheDeps,
): Promise<JobEnding | undefined> {
  const { route, target, type } = way;
  const place = placeOf({ policy, route, job: { ...job, type } }, target);
  const judged = judgeLookup(await deps.cache.find(place), policy);
  const nowMs = deps.clock.now();
  const isDown = deps.routeWatch.lateStart(target, nowMs) !== undefined;
  const reply = judged.kind === 'answer' ? judged.reply : isDown ? judged.fallback : undefined;
  if (reply) {
    deps.metrics.answered('hit');
    if (judged.kind === 'answer' && judged.isDue) {
      fetchAnother(job, { place, lane: target.lane }, deps);
    }
    const bought = { name: route.name, reply: reply.entry };
    return cachedEnding({ ...job, calls: 0, attempts: [] }, bought, { nowMs, cache: reply.info });
  }
  // What is similar is looked for by a worker, who can embed the question.
  if (!isOnly || policy.strategy === 'semantic') return undefined;
  deps.metrics.answered('miss');
  return missed(job);
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

function missed({ model }: JobRequest): JobEnding {
  const message = `the cache has no reply for this request to ${model} (cache.mode is "only")`;
  const error = new SluiceError('cache_miss', message, { param: 'cache.mode' });
  return { state: 'failed', error: error.toJSON() };
}

/** A job of its own fetches another reply in place of a stale one. Not awaited: the stale one answers meanwhile. */
function fetchAnother(
  job: JobRequest,
  { place, lane }: { place: Parameters<ApiDeps['cache']['claimRefresh']>[0]; lane: string },
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
