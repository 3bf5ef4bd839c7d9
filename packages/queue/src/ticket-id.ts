/**
 * BullMQ id of a ticket: equal for equal run of a job, so adding it twice adds it once. BullMQ refuses ids with `:` and
 * ids of digits only; a job id has neither.
 */
export function ticketId(jobId: string, attempt: number): string {
  return attempt === 1 ? jobId : `${jobId}-${attempt}`;
}
