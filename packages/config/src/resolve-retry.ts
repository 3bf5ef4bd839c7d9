import type { RetryPolicy } from './config.ts';
import type { RetrySection } from './config-file.ts';
import { toMs } from './to-ms.ts';

export const defaultRetry: RetryPolicy = {
  maxAttempts: 4,
  initialDelayMs: 500,
  maxDelayMs: 30_000,
};

/** The section over what it inherits. A delay given here pulls the inherited other one along, so that first ≤ longest. */
export function resolveRetry(section: RetrySection, inherited: RetryPolicy): RetryPolicy {
  const { maxAttempts = inherited.maxAttempts, initialDelaySeconds, maxDelaySeconds } = section;
  const initial = initialDelaySeconds === undefined ? undefined : toMs(initialDelaySeconds);
  const max = maxDelaySeconds === undefined ? undefined : toMs(maxDelaySeconds);
  return {
    maxAttempts,
    initialDelayMs: initial ?? Math.min(inherited.initialDelayMs, max ?? Infinity),
    maxDelayMs: max ?? Math.max(inherited.maxDelayMs, initial ?? 0),
  };
}
