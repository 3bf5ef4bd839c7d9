import { assembleBatch, childRequests } from '@sluice/batches';
import { childJobId, isTerminal, type JobRecord, type Ticket } from '@sluice/contracts';
import type { PlacedTicket, TicketMove } from '@sluice/queue';
import { resolveRoute } from '@sluice/routing';

import { applyOutcome } from './apply-outcome.ts';
import type { ProcessTicketDeps } from './process-ticket.ts';

/** Records read at a time when a batch is put together. */
const readAtOnce = 100;

/**
 * A batch's ticket: makes the children and their tickets, or, when the last child has ended, puts the result together.
 * Both are idempotent, so the ticket may run any number of times, and a crash in the middle only means running again.
 */
export async function feedBatch(ticket: Ticket, deps: ProcessTicketDeps): Promise<TicketMove> {
  const begun = await deps.records.begin(ticket.jobId);
  if (begun.kind !== 'run') return { kind: 'done' };
  const batch = begun.record;
  const children = childRequests(batch, (type, name) => resolveRoute(deps.config, type, name));
  if (batch.progress?.ended !== children.length) {
    await deps.records.acceptChildren(children);
    await addMissingTickets(batch, children.length, deps);
    return { kind: 'done' };
  }
  const result = assembleBatch(batch, await readChildren(batch, children.length, deps));
  const ending = {
    state: 'completed',
    result,
    costUsd: result.summary.cost_usd,
    cache: { status: 'off' },
  } as const;
  return await applyOutcome(ticket, { kind: 'ended', ending }, deps);
}

/** Adding a ticket that is there already changes nothing; children that have ended need none. */
async function addMissingTickets(
  batch: JobRecord,
  count: number,
  deps: ProcessTicketDeps,
): Promise<void> {
  const children = await readChildren(batch, count, deps);
  const placed = children
    .filter((child) => child !== undefined)
    .filter((child) => !isTerminal(child.state))
    .map(ticketOf);
  await deps.lanes.addMany(placed);
}

async function readChildren(
  batch: JobRecord,
  count: number,
  deps: ProcessTicketDeps,
): Promise<(JobRecord | undefined)[]> {
  const children: (JobRecord | undefined)[] = [];
  for (let start = 0; start < count; start += readAtOnce) {
    const length = Math.min(readAtOnce, count - start);
    const ids = Array.from({ length }, (_, i) => childJobId(batch.jobId, start + i));
    children.push(...(await deps.records.readMany(ids)));
  }
  return children;
}

/** The ticket that a live job should have. */
export function ticketOf(job: Omit<JobRecord, 'input' | 'result'>): PlacedTicket {
  return {
    ticket: {
      jobId: job.jobId,
      tenantId: job.tenantId,
      type: job.type,
      model: job.model,
      attempt: job.targetIndex + 1,
    },
    lane: job.lane,
    priority: job.priority,
  };
}
