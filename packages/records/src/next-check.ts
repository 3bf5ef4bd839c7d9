const shortestMs = 30_000;
const longestMs = 3_600_000;

/**
 * When the sweeper looks at a live job again (epoch ms): after half the job's age, at least 30 s and at most 1 h, so that
 * a job is looked at about log(age) times and then once an hour. Never after the time by which it must have started or
 * ended, while that is ahead: jobs that take too long expire on time.
 */
export function nextCheckAt(
  job: { createdAtMs: number; startByMs: number; deadlineMs: number },
  nowMs: number,
): number {
  const halfAgeMs = (nowMs - job.createdAtMs) / 2;
  const next = nowMs + Math.round(Math.min(longestMs, Math.max(shortestMs, halfAgeMs)));
  const ahead = [job.startByMs, job.deadlineMs].filter((timeMs) => timeMs > nowMs);
  return Math.min(next, ...ahead);
}
