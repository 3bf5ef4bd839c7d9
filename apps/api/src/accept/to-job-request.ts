import type { Config } from '@sluice/config';
import { publicName, type CacheChoice, type JobRequest, type SubmitJob } from '@sluice/contracts';
import { countsTokens } from '@sluice/limits';
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
  const runAtMs = runAtOf(submitted, made.createdAtMs);
  const lane = lanes[made.lane];
  return {
    ...made,
    type: submitted.type,
    model: submitted.type === 'batch' ? 'batch' : publicName(submitted),
    input: submitted.input,
    priority: submitted.priority ?? 'normal',
    ...deadlinesOf(submitted, runAtMs ?? made.createdAtMs, jobs),
    cacheMode: submitted.cache?.mode ?? 'default',
    ...cacheChoiceOf(submitted),
    ...('stream' in submitted && submitted.stream && { stream: true }),
    ...(runAtMs !== undefined && { runAtMs }),
    ...(lane && countsTokens(lane) && { tokens: roughTokens(submitted.input) }),
    ...(submitted.include_raw && { includeRaw: true as const }),
    ...(submitted.user !== undefined && { user: submitted.user }),
    ...('session_id' in submitted &&
      submitted.session_id !== undefined && { sessionId: submitted.session_id }),
    ...(submitted.metadata && { metadata: submitted.metadata }),
    ...(submitted.webhook && { webhook: submitted.webhook }),
  };
}

/** What is not asked for is the configuration's; of a single call, the provider's. */
function deadlinesOf(
  submitted: SubmitJob,
  fromMs: number,
  jobs: Config['jobs'],
): Pick<JobRequest, 'startByMs' | 'deadlineMs' | 'attemptTimeoutMs' | 'timeouts'> {
  const firstByteMs = toMs(submitted.first_byte_timeout_seconds);
  const idleMs = toMs(submitted.idle_timeout_seconds);
  const timeouts = {
    ...(firstByteMs !== undefined && { firstByteMs }),
    ...(idleMs !== undefined && { idleMs }),
  };
  return {
    startByMs: fromMs + (toMs(submitted.max_wait_seconds) ?? jobs.maxWaitMs),
    deadlineMs: fromMs + (toMs(submitted.timeout_seconds) ?? jobs.timeoutMs),
    attemptTimeoutMs: toMs(submitted.attempt_timeout_seconds) ?? jobs.attemptTimeoutMs,
    ...((firstByteMs !== undefined || idleMs !== undefined) && { timeouts }),
  };
}

function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.ceil(seconds * 1_000);
}

/** What the job says of the cache beside the mode. */
function cacheChoiceOf({ cache }: SubmitJob): Pick<JobRequest, 'cacheChoice'> {
  if (!cache) return {};
  const { mode: _mode, ttl_seconds: ttl, max_age_seconds: maxAge, ...rest } = cache;
  const times = {
    ...(ttl !== undefined && { ttlMs: ttl * 1_000 }),
    ...(maxAge !== undefined && { maxAgeMs: maxAge * 1_000 }),
  };
  const choice = { ...rest, ...times };
  // zod leaves an absent key out.
  return Object.keys(choice).length > 0 ? { cacheChoice: choice as CacheChoice } : {};
}
