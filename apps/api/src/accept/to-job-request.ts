import type { Config, Lane } from '@sluice/config';
import { publicName, type JobRequest, type SubmitJob } from '@sluice/contracts';
import { roughTokens } from '@sluice/metering';

/** What the client asked for, with the defaults filled in: the part of the record that never changes. */
export function toJobRequest(
  submitted: SubmitJob,
  made: { jobId: string; tenantId: string; lane: string; createdAtMs: number },
  { jobs, lanes }: Pick<Config, 'jobs' | 'lanes'>,
): JobRequest {
  const { max_wait_seconds: maxWaitSeconds, timeout_seconds: timeoutSeconds } = submitted;
  const maxWaitMs = maxWaitSeconds === undefined ? jobs.maxWaitMs : maxWaitSeconds * 1_000;
  return {
    ...made,
    type: submitted.type,
    model: submitted.type === 'batch' ? 'batch' : publicName(submitted),
    input: submitted.input,
    priority: submitted.priority ?? 'normal',
    startByMs: Math.round(made.createdAtMs + maxWaitMs),
    timeoutMs: timeoutSeconds === undefined ? jobs.timeoutMs : Math.ceil(timeoutSeconds * 1_000),
    cacheMode: submitted.cache?.mode ?? 'default',
    ...(countsTokens(lanes[made.lane]) && { tokens: roughTokens(submitted.input) }),
    ...(submitted.user !== undefined && { user: submitted.user }),
    ...('session_id' in submitted &&
      submitted.session_id !== undefined && { sessionId: submitted.session_id }),
    ...(submitted.metadata && { metadata: submitted.metadata }),
    ...(submitted.webhook && { webhook: submitted.webhook }),
  };
}

function countsTokens(lane: Lane | undefined): boolean {
  return lane?.buckets.some((bucket) => bucket.unit !== 'requests') ?? false;
}
