import type { JobRequest } from '@sluice/contracts';
import type { PlacedTicket } from '@sluice/queue';

/** The ticket that a live job should have. */
export function ticketOf(
  job: Omit<JobRequest, 'input'> & { targetIndex?: number; retries?: number },
): PlacedTicket {
  const {
    jobId,
    tenantId,
    type,
    model,
    lane,
    priority,
    tokens,
    weight,
    runAtMs,
    targetIndex = 0,
    retries = 0,
  } = job;
  return {
    ticket: {
      jobId,
      tenantId,
      type,
      model,
      attempt: targetIndex + 1,
      ...(retries > 0 && { retry: retries }),
    },
    lane,
    priority,
    tokens,
    weight,
    runAtMs,
  };
}
