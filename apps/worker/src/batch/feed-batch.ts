import { assembleBatch, childRequests } from '@sluice/batches';
import {
  childJobId,
  SluiceError,
  type JobRecord,
  type JobRequest,
  type Outcome,
  type Ticket,
} from '@sluice/contracts';
import { roughTokens } from '@sluice/metering';

import type { ApplyOutcomeDeps } from '../outcome/apply-outcome.ts';
import { answerUnplaced, endUnplaced } from '../cache/answer-unplaced.ts';
import type { FileBatchDeps } from './file/file-batch.ts';
import { runFileBatch } from './file/run-file-batch.ts';
import { startOf } from './start-of.ts';
import { ticketOf } from './ticket-of.ts';

/** Requests that become jobs at a time. */
const fedAtOnce = 100;

/** Records read at a time when a batch is put together. */
const readAtOnce = 100;

export type FeedBatchDeps = ApplyOutcomeDeps & FileBatchDeps;

/**
 * A batch's ticket. One of a file goes on by a step: see run-file-batch.ts. Any other makes the children and their tickets, or, when the last child has ended, puts the result together.
 * Both are idempotent, so the ticket may run any number of times, and a crash in the middle only means running again.
 */
export async function feedBatch(
  ticket: Ticket,
  deps: FeedBatchDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const begun = await deps.records.begin(ticket.jobId);
  if (begun.kind !== 'run') return { kind: 'nothing', reason: begun.kind };
  const batch = begun.record;
  if (batch.fileBatch) return await runFileBatch(ticket, batch, deps, signal);
  const children = planChildren(batch, deps);
  if (children instanceof SluiceError) {
    return { kind: 'ended', ending: { state: 'failed', error: children.toJSON() } };
  }
  if (batch.progress?.ended === children.length) {
    return assembled(batch, await readChildren(batch, children.length, deps));
  }
  for (let start = 0; start < children.length; start += fedAtOnce) {
    // A few at a time: the replies that the cache has for them are in memory meanwhile.
    // oxlint-disable-next-line no-await-in-loop
    await feedChildren(children.slice(start, start + fedAtOnce), deps);
  }
  return { kind: 'nothing', reason: 'fed' };
}

/** The children, or why there are none: a model that has left the configuration since the batch was accepted. */
function planChildren(batch: JobRecord, deps: FeedBatchDeps): JobRequest[] | SluiceError {
  try {
    const children = childRequests(batch, (child, fallback) => startOf(child, fallback, deps));
    return children.map((child) => ({ ...child, tokens: roughTokens(child.input) }));
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
}

/** A request that the cache answers gets no ticket: it has ended as soon as it is a job. */
async function feedChildren(children: readonly JobRequest[], deps: FeedBatchDeps): Promise<void> {
  const found = await Promise.all(
    children.map(async (child) => ({ child, ending: await answerUnplaced(child, deps) })),
  );
  const answered = found.flatMap(({ child, ending }) => (ending ? [{ child, ending }] : []));
  const ids = new Set(answered.map(({ child }) => child.jobId));
  await deps.records.acceptChildren(children, (child) =>
    ids.has(child.jobId) ? undefined : deps.lanes.placement(ticketOf(child)),
  );
  await Promise.all(answered.map(({ child, ending }) => endUnplaced(child, ending, deps)));
}

function assembled(batch: JobRecord, children: readonly (JobRecord | undefined)[]): Outcome {
  const result = assembleBatch(batch, children);
  const { cost_usd: costUsd } = result.summary;
  return {
    kind: 'ended',
    ending: { state: 'completed', result, costUsd, cache: { status: 'off' } },
  };
}

/** The children's records by their index; `undefined` where one was erased. */
async function readChildren(
  batch: JobRecord,
  count: number,
  deps: FeedBatchDeps,
): Promise<(JobRecord | undefined)[]> {
  const children: (JobRecord | undefined)[] = [];
  for (let start = 0; start < count; start += readAtOnce) {
    const length = Math.min(readAtOnce, count - start);
    const ids = Array.from({ length }, (_, i) => childJobId(batch.jobId, start + i));
    const found = await deps.records.readMany(ids);
    const byId = new Map(found.map((child) => [child.jobId, child]));
    children.push(...ids.map((id) => byId.get(id)));
  }
  return children;
}
