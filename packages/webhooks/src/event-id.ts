/**
 * The id of a job's one terminal event: `job_01k…` → `evt_01k…`. It follows from the job's id alone, so every attempt,
 * every redelivery and every process after a crash sends the same `webhook-id`, and receivers can deduplicate by it.
 */
export function eventIdOf(jobId: string): string {
  return `evt_${jobId.replace(/^job_/, '')}`;
}
