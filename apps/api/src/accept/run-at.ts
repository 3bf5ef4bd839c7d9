import { maxDelaySeconds, SluiceError, type SubmitJob } from '@sluice/contracts';

/**
 * When the job may run, epoch milliseconds; `undefined` for now, which is also what a time in the past means.
 * @throws SluiceError `invalid_request` for a time that is too far away.
 */
export function runAtOf(
  { delay_seconds: delaySeconds, run_at: runAt }: Pick<SubmitJob, 'delay_seconds' | 'run_at'>,
  nowMs: number,
): number | undefined {
  if (delaySeconds === undefined && runAt === undefined) return undefined;
  const dueMs =
    runAt === undefined ? Math.round(nowMs + (delaySeconds ?? 0) * 1_000) : Date.parse(runAt);
  const latestMs = nowMs + maxDelaySeconds * 1_000;
  if (dueMs > latestMs) {
    const latest = new Date(latestMs).toISOString();
    const problem = `must be within ${maxDelaySeconds / 86_400} days, at the latest ${latest}`;
    throw new SluiceError('invalid_request', `run_at: ${problem}; got "${runAt}"`, {
      param: 'run_at',
    });
  }
  return dueMs > nowMs ? dueMs : undefined;
}
