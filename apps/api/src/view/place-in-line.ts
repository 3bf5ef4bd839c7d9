import type { JobView } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';

/**
 * How long a queued job still waits: its place in its lane and when it will start. One that is not due has no place yet and
 * starts at its `run_at` at the earliest; one that waits for its own retry has neither, its `waiting_on` says until when.
 */
export async function placeInLine(
  { state, jobId, lane, targetIndex, retries: retry, runAtMs = 0 }: JobWithoutInput,
  { lanes, clock }: Pick<ApiDeps, 'lanes' | 'clock'>,
): Promise<Pick<JobView, 'position' | 'estimated_start'>> {
  if (state !== 'queued') return {};
  if (runAtMs > clock.now()) return { estimated_start: new Date(runAtMs).toISOString() };
  const place = await lanes.placeOf(lane, { jobId, attempt: targetIndex + 1, retry });
  if (!place) return {};
  const { position, startAtMs } = place;
  return {
    position,
    ...(startAtMs !== undefined && { estimated_start: new Date(startAtMs).toISOString() }),
  };
}
