import type { JobEnding } from '@sluice/contracts';

import type { RunJobDeps } from '../run-job-deps.ts';

/** Keeps a result for equal requests. Not awaited: one that is not kept is only bought again. */
export function writeCache(
  as: { key: string; ttlMs: number; tenantId: string },
  ending: JobEnding,
  deps: Pick<RunJobDeps, 'cache' | 'clock' | 'log'>,
): void {
  if (ending.state !== 'completed' || ending.result.type === 'batch') return;
  const entry = {
    result: ending.result,
    ...(ending.usage && { usage: ending.usage }),
    costUsd: ending.entry?.costUsd ?? ending.costUsd,
    storedAtMs: deps.clock.now(),
    provider: ending.attempt?.provider ?? '',
    model: ending.attempt?.model ?? '',
  };
  deps.cache.write(as.key, entry, as.ttlMs, as.tenantId).catch((error: unknown) => {
    deps.log.warn({ err: error }, 'a result was not cached');
  });
}
