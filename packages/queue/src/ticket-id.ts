import type { Ticket } from '@sluice/contracts';

/**
 * BullMQ id of a ticket: equal for equal run of a job, so adding it twice adds it once. BullMQ refuses ids with `:` and
 * ids of digits only; a job id has neither.
 */
export function ticketId({ jobId, attempt, retry = 0 }: TicketName): string {
  const base = attempt === 1 ? jobId : `${jobId}-${attempt}`;
  return retry === 0 ? base : `${base}-r${retry}`;
}

/** What tells one ticket from every other. */
export type TicketName = Pick<Ticket, 'jobId' | 'attempt' | 'retry'>;
