import type { Config, Lane } from '@sluice/config';
import { publicName, type JobRequest, type SubmitJob } from '@sluice/contracts';
import { roughTokens } from '@sluice/metering';
import type { Start } from '@sluice/routing';

import type { Made } from './choose-start.ts';
import { runAtOf } from './run-at.ts';

/**
 * What the client asked for, with the defaults filled in: the part of the record that never changes.
 * @throws SluiceError `invalid_request` for a `run_at` that is too far away.
 */
export function toJobRequest(
  submitted: SubmitJob,
  made: Made & Start,
  { jobs, lanes }: Pick<Config, 'jobs' | 'lanes'>,
): JobRequest {
  const { max_wait_seconds: maxWaitSeconds, timeout_seconds: timeoutSeconds } = submitted;
  const runAtMs = runAtOf(submitted, made.createdAtMs);
  const maxWaitMs = maxWaitSeconds === undefined ? jobs.maxWaitMs : maxWaitSeconds * 1_000;
  return {
    ...made,
    type: submitted.type,
    model: submitted.type === 'batch' ? 'batch' : publicName(submitted),
    input: submitted.input,
    priority: submitted.priority ?? 'normal',
    startByMs: Math.round((runAtMs ?? made.createdAtMs) + maxWaitMs),
    timeoutMs: timeoutSeconds === undefined ? jobs.timeoutMs : Math.ceil(timeoutSeconds * 1_000),
    cacheMode: submitted.cache?.mode ?? 'default',
    ...('stream' in submitted && submitted.stream && { stream: true }),
    ...(runAtMs !== undefined && { runAtMs }),
    ...(countsTokens(lanes[made.lane]) && { tokens: roughTokens(submitted.input) }),
    ...(submitted.include_raw && { includeRaw: true as const }),
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
