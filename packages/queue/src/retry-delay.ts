import type { RetryPolicy } from '@sluice/config';
import type { Random } from '@sluice/runtime';

/**
 * How long a job waits after its `failures`-th failed attempt (1 or more), in milliseconds: exponential with full jitter,
 * never shorter than the upstream's own Retry-After.
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failures: number,
  options: { retryAfterMs?: number | undefined; random: Random },
): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** (failures - 1));
  const jittered = Math.ceil(options.random() * ceiling);
  return Math.max(jittered, options.retryAfterMs ?? 0);
}
