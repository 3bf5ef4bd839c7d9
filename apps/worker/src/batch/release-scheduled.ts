import { mayBeCached } from '@sluice/cache';
import type { Outcome, Ticket } from '@sluice/contracts';

import { answerUnplaced, endUnplaced, type AnswerUnplacedDeps } from '../cache/answer-unplaced.ts';
import { ticketOf } from './ticket-of.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * The ticket of a delayed job has become due: places the one in the job's lane, which gets its rank now, as if the job had
 * been submitted now. What a crash leaves, between any two steps:
 *
 * | dead after                        | what happens                                                                |
 * |-----------------------------------|-----------------------------------------------------------------------------|
 * | the accept (record, ticket aside) | one script wrote both: the ticket is due at its time                        |
 * | taking the ticket that was aside  | BullMQ gives it to another worker when its lock has ended                   |
 * | placing the ticket in the lane    | the same, and nothing is placed: a ticket of that id is there, or the job's |
 * |                                   | state is no longer `queued`                                                 |
 * | losing the ticket that was aside  | the sweeper misses it, before its time there and after it in the lane       |
 *
 * What the cache answers is ended here and gets no ticket: it waits in no lane.
 *
 * Where the job was given back to `queued` after its ticket ended (nothing does that), a second ticket would find in
 * `begin` what is left to do.
 */
export async function releaseScheduled(
  ticket: Ticket,
  deps: Pick<RunJobDeps, 'lanes'> & AnswerUnplacedDeps,
): Promise<Outcome> {
  const { records, lanes } = deps;
  const job = await records.readSummary(ticket.jobId);
  if (!job) return { kind: 'nothing', reason: 'missing' };
  if (job.state === 'queued' && mayBeCached(job, deps.config)) {
    const whole = await records.read(job.jobId);
    const ending = whole && (await answerUnplaced(whole, deps));
    if (ending) {
      await endUnplaced(whole, ending, deps);
      return { kind: 'nothing', reason: 'answered by the cache' };
    }
  }
  // Due by Redis's word; by this clock it may be a millisecond too early.
  const placement = lanes.placement({ ...ticketOf(job), runAtMs: undefined });
  const released = await records.release(job.jobId, placement);
  return { kind: 'nothing', reason: released ? 'released' : 'has a ticket' };
}
