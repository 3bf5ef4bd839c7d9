import { cancelChannel, isTerminal, SluiceError, type JobEnding } from '@sluice/contracts';
import { hurryTicket } from '@sluice/queue';
import { shardOf, type JobSummary } from '@sluice/records';
import { eventIdOf } from '@sluice/webhooks';

import { ticketOf } from '../ticket-of.ts';
import type { FileBatch, FileBatchDeps } from './file-batch.ts';

const childrenAtOnce = 100;

const endings = {
  cancelled: 'the batch was cancelled',
  expired: 'the completion window is over',
};

/** Ends every job of the batch that lives; workers that run one cut its call. Their results are lines of the error file then. */
export async function endChildren(batch: FileBatch, deps: FileBatchDeps): Promise<void> {
  const { jobId: batchId, tenantId, fileBatch } = batch;
  const state = fileBatch.ending ?? 'cancelled';
  const error = new SluiceError(state, endings[state]).toJSON();
  let after: string | undefined;
  do {
    // Each page starts where the one before ended.
    // oxlint-disable-next-line no-await-in-loop
    const page = await deps.records.list(tenantId, {
      batchId,
      limit: childrenAtOnce,
      ...(after !== undefined && { after }),
    });
    const live = page.records.filter((child) => !isTerminal(child.state));
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(live.map((child) => endChild(child, { state, error }, deps)));
    after = page.nextCursor;
  } while (after !== undefined);
}

/** The record first: from then on no result of it counts. */
async function endChild(
  child: JobSummary,
  ending: JobEnding,
  { records, redis, config, lanes, clock }: FileBatchDeps,
): Promise<void> {
  const { jobId, lane, targetIndex, retries: retry } = child;
  const finished = await records.finish(jobId, ending, eventIdOf(jobId));
  if (finished.kind !== 'finished') return;
  await redis.publish(cancelChannel(config.root), jobId);
  // What was started upstream and is followed by nobody now is stopped by the worker that takes the ticket.
  if (child.upstream) {
    const shard = shardOf(jobId) ?? 0;
    await hurryTicket(lanes, ticketOf(child), { shard, clock, patienceMs: 0 });
  } else await lanes.remove(lane, { jobId, attempt: targetIndex + 1, retry });
}
