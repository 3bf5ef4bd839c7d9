import type { JobRequest } from '@sluice/contracts';

/**
 * The job that fetches another reply in place of a stale one: the same request, of low priority, that tells nobody. It is a
 * job like any other, of no session (what was said before is in its input), so limits hold for it, its cost is booked, and no crash loses it.
 */
export function revalidationOf(
  job: JobRequest,
  made: Pick<JobRequest, 'jobId' | 'createdAtMs' | 'startByMs' | 'deadlineMs' | 'lane'>,
): JobRequest {
  const { tenantId, keyId, type, model, input, attemptTimeoutMs, timeouts, tokens, weight } = job;
  const { user, includeRaw, cacheChoice, routing } = job;
  return {
    ...made,
    tenantId,
    type,
    model,
    input,
    attemptTimeoutMs,
    ...(timeouts && { timeouts }),
    priority: 'low',
    cacheMode: 'refresh',
    metadata: { ...job.metadata, revalidates: job.jobId },
    ...(keyId !== undefined && { keyId }),
    ...(tokens !== undefined && { tokens }),
    ...(weight !== undefined && { weight }),
    ...(user !== undefined && { user }),
    ...(includeRaw && { includeRaw }),
    ...(cacheChoice && { cacheChoice }),
    ...(routing && { routing }),
  };
}
