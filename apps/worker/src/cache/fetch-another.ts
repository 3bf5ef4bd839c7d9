import { revalidationOf } from '@sluice/cache';

import type { Plan } from '../begin/plan-job.ts';
import { ticketOf } from '../batch/ticket-of.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

type Deps = Pick<RunJobDeps, 'cache' | 'clock' | 'config' | 'lanes' | 'log' | 'records'>;

/** A job of its own fetches another reply in place of a stale one. Not awaited: the stale one answers meanwhile. */
export function fetchAnother(plan: Plan, deps: Deps): void {
  accept(plan, deps).catch((error: unknown) => {
    deps.log.warn({ err: error, jobId: plan.record.jobId }, 'a stale reply was not fetched anew');
  });
}

async function accept({ record, cached, itinerary }: Plan, deps: Deps): Promise<void> {
  const { cache, clock, config, lanes, records } = deps;
  if (!cached || !(await cache.claimRefresh(cached.place))) return;
  const createdAtMs = clock.now();
  const request = revalidationOf(record, {
    jobId: records.newJobId(),
    createdAtMs,
    startByMs: createdAtMs + config.jobs.maxWaitMs,
    deadlineMs: createdAtMs + config.jobs.timeoutMs,
    lane: itinerary.steps[0].target.lane,
  });
  await records.accept(request, undefined, lanes.placement(ticketOf(request)));
}
