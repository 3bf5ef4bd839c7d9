import type { Request, Response } from 'express';

import { laneControlRequests, SluiceError, type TenantLoad } from '@sluice/contracts';
import type { LaneInForce, LaneStatus } from '@sluice/limits';
import type { LaneCounts } from '@sluice/queue';

import type { ApiDeps } from '../deps.ts';
import { parseBody, parseOptionalBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';

type LimitsDeps = Pick<ApiDeps, 'laneBook' | 'limits' | 'lanes' | 'records'>;

/**
 * `GET /v1/limits`: every lane with its buckets, whether it is open and, if not, why and until when, targets whose circuit
 * breaker is open, what an operator has set, and how many tickets it holds. And how much each tenant has, over all lanes,
 * the most first.
 */
export function listLimitsRoute(deps: LimitsDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    await deps.laneBook.refresh();
    const [counts, loads] = await Promise.all([deps.lanes.counts(), deps.records.loads()]);
    const views = deps.laneBook.all().map(async (lane) => {
      const status = await deps.limits.status(lane);
      return laneView(
        lane,
        status,
        counts.find((each) => each.lane === lane.name),
      );
    });
    const data = await Promise.all(views);
    replyJson(response, 200, JSON.stringify({ object: 'list', data, tenants: tenantViews(loads) }));
  };
}

/** More tenants than these are not shown. */
const mostTenants = 1_000;

function tenantViews(loads: ReadonlyMap<string, TenantLoad>) {
  return [...loads]
    .toSorted(([, a], [, b]) => b.queuedJobs - a.queuedJobs)
    .slice(0, mostTenants)
    .map(([tenantId, { queuedJobs, queuedBytes, running }]) => ({
      tenant_id: tenantId,
      queued_jobs: queuedJobs,
      queued_bytes: queuedBytes,
      running,
    }));
}

/** `POST /v1/limits/:lane/pause` with an optional `reason`: nobody gets a permit in the lane until it is resumed. */
export function pauseLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    const { reason } = await parseOptionalBody(request, laneControlRequests.pause);
    await deps.laneBook.pause(lane, reason);
    await replyLane(lane, response, deps);
  };
}

/** `POST /v1/limits/:lane/resume`. */
export function resumeLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    await deps.laneBook.resume(lane);
    await replyLane(lane, response, deps);
  };
}

/** `POST /v1/limits/:lane/pin`: the limits that the configuration has now stay, whatever a changed one says, until `unpin`. */
export function pinLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    await deps.laneBook.pin(lane);
    await replyLane(lane, response, deps);
  };
}

/** `POST /v1/limits/:lane/unpin`: the configuration's limits as they are now hold again. */
export function unpinLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    await deps.laneBook.unpin(lane);
    await replyLane(lane, response, deps);
  };
}

/** `PATCH /v1/limits/:lane`: limits over those of the configuration, in force everywhere within a second; `null` is none. */
export function overrideLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    await deps.laneBook.override(lane, await parseBody(request, laneControlRequests.override));
    await replyLane(lane, response, deps);
  };
}

/** `DELETE /v1/limits/:lane`: takes back what `PATCH` has set; the configuration's limits hold again. */
export function resetLaneRoute(deps: LimitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const lane = laneOf(request, deps);
    await deps.laneBook.override(lane, {});
    await replyLane(lane, response, deps);
  };
}

function laneOf(request: Request, { laneBook }: LimitsDeps): string {
  const name = String(request.params['lane']);
  if (laneBook.lane(name)) return name;
  const known = laneBook.all().map((lane) => lane.name);
  const message = `there is no lane "${name.slice(0, 80)}"; known: ${known.join(', ')}`;
  throw new SluiceError('not_found', message, { param: 'lane' });
}

async function replyLane(name: string, response: Response, deps: LimitsDeps): Promise<void> {
  const lane = deps.laneBook.lane(name);
  if (!lane) throw new SluiceError('not_found', `the lane "${name}" is gone`, { param: 'lane' });
  const status = await deps.limits.status(lane);
  replyJson(response, 200, JSON.stringify(laneView(lane, status, undefined)));
}

function laneView(lane: LaneInForce, status: LaneStatus, counts: LaneCounts | undefined) {
  return {
    id: lane.name,
    object: 'lane',
    ...openness(lane, status),
    buckets: status.buckets.map(({ unit, limit, windowMs, pacing, used, resetsAtMs }) => ({
      unit,
      limit,
      window_seconds: windowMs / 1_000,
      pacing,
      used,
      remaining: Math.max(0, limit - used),
      resets_at: iso(resetsAtMs),
    })),
    concurrency: {
      limit: lane.concurrency ?? null,
      in_flight: Math.max(counts?.active ?? 0, status.concurrency.inFlight),
    },
    ...(lane.perTenant && { per_tenant: lane.perTenant }),
    circuit_breakers: status.brokenTargets.map(({ target, probeAtMs }) => ({
      target,
      state: 'open',
      next_probe_at: iso(probeAtMs),
    })),
    ...(lane.overrides && { overrides: lane.overrides }),
    ...(lane.pinned && { pinned_since: iso(lane.pinned.sinceMs) }),
    ...(counts && { tickets: { waiting: counts.waiting, delayed: counts.delayed } }),
  };
}

/** An operator's pause comes before an upstream's: it does not end by itself. */
function openness(lane: LaneInForce, { closed }: LaneStatus) {
  if (lane.paused) {
    const { reason, sinceMs } = lane.paused;
    return { state: 'paused', reason, since: iso(sinceMs) };
  }
  if (closed) return { state: 'closed', reason: closed.reason, reopens_at: iso(closed.untilMs) };
  return { state: 'open' };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
