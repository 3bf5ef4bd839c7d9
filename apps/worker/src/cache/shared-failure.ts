import { errorCodes, type ErrorData, type JobRecord } from '@sluice/contracts';

/**
 * Whether equal jobs fail with what their leader has failed with: the upstream's word, after all retries and targets, or what
 * any of them would meet as well. An outage is not multiplied.
 */
export function isForAll({ code }: ErrorData): boolean {
  const { type } = errorCodes[code];
  return type === 'upstream_error' || ['quarantined', 'download_failed'].includes(code);
}

/** How long the call of a leader may take, for others: a deadline of its own for the first byte or a silence is shorter than theirs may be. */
export function sharedTimeoutMs(leader: Pick<JobRecord, 'attemptTimeoutMs' | 'timeouts'>): number {
  return leader.timeouts ? 0 : leader.attemptTimeoutMs;
}

/** Whether a job would have waited longer for the upstream than the leader that it has waited for. */
export function isMorePatient(
  { attemptTimeoutMs }: Pick<JobRecord, 'attemptTimeoutMs'>,
  { code }: ErrorData,
  leaderTimeoutMs: number,
): boolean {
  return code === 'upstream_timeout' && attemptTimeoutMs > leaderTimeoutMs;
}
