import type { Config, RouteTarget } from '@sluice/config';
import { publicName, type JobRequest, type SubmitJob } from '@sluice/contracts';
import { certainOverflow } from '@sluice/metering';
import { batchLane } from '@sluice/queue';
import { routeJob, type Objection, type Start } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';

/** What is known of a job before it is made. */
export type Made = Pick<JobRequest, 'jobId' | 'tenantId' | 'createdAtMs' | 'weight' | 'keyId'>;

/**
 * Where the job begins. A batch begins in the batch lane, whose worker chooses for its children.
 * @throws SluiceError `invalid_request`; `param` as `fallback[1]`.
 */
export function chooseStart(
  submitted: SubmitJob,
  { jobId, tenantId, createdAtMs }: Made,
  deps: Pick<ApiDeps, 'config' | 'routeWatch' | 'splits'>,
): Start {
  if (submitted.type === 'batch') return { lane: batchLane };
  const { config, routeWatch, splits } = deps;
  const { type, input, priority = 'normal', user, metadata, fallback } = submitted;
  const sessionId = 'session_id' in submitted ? submitted.session_id : undefined;
  const asking = { jobId, tenantId, user, sessionId };
  const job = { ...asking, type, input, priority, metadata, fallback };
  const waitMs = longestWaitMs(submitted, config.jobs);
  const isLater = submitted.delay_seconds !== undefined || submitted.run_at !== undefined;
  return routeJob(
    config,
    { ...job, model: publicName(submitted) },
    {
      splits,
      objectionTo(target) {
        const objection = tooLong(submitted, target);
        // What is closed now says nothing of a later time.
        if (objection || isLater) return objection;
        const why = routeWatch.lateStart(target, createdAtMs + waitMs);
        return why === undefined ? undefined : { reason: 'wait', why };
      },
    },
  );
}

/** A job has to start within its wait, and before its own end. */
function longestWaitMs(
  { max_wait_seconds: maxWait, timeout_seconds: timeout }: SubmitJob,
  jobs: Config['jobs'],
): number {
  return Math.min(
    maxWait === undefined ? jobs.maxWaitMs : maxWait * 1_000,
    timeout === undefined ? jobs.timeoutMs : timeout * 1_000,
  );
}

function tooLong(submitted: SubmitJob, { facts }: RouteTarget): Objection | undefined {
  const { contextWindow } = facts;
  if (submitted.type !== 'chat' || contextWindow === undefined) return undefined;
  if (!certainOverflow(submitted.input, contextWindow)) return undefined;
  return { reason: 'contextWindow', why: 'context_length_exceeded' };
}
