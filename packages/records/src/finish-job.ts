import type { JobEnding, JobState, TerminalState } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import type { JobKeys } from './keys.ts';
import { sealResult } from './seal-record.ts';
import { encodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'finish-job', ['count-load', 'is-live', 'spend-time'], {
  together: 'soon',
});

/**
 * How long the pieces of an answer outlive its job: as long as a reader needs to come back. After that the result has the
 * text, in a tenth of the memory.
 */
const deltasTtlMs = 900_000;

/** Children whose TTL is set in one pipeline. */
const childrenPerChunk = 250;

export interface FinishOptions {
  /** Live states the job may end from; any other is refused. Default: every live state. */
  onlyFrom?: readonly JobState[];
  /** Refuses a job that has had an attempt or has one now: what expires has never started. */
  unlessStarted?: boolean;
  /** The run that ends it: one that was taken over ends nothing, but a result counts whoever brings it. */
  run?: string;
}

export type FinishReply =
  | { kind: 'finished' }
  /** It had ended before, in `state`; nothing was changed. */
  | { kind: 'already'; state: TerminalState }
  /** The options forbid to end it from where it is; nothing was changed. */
  | { kind: 'refused'; state: JobState }
  | { kind: 'missing' };

export interface FinishRequest extends FinishOptions {
  ending: JobEnding;
  /** Id of the event that tells the job's webhook; `webhook-id` of every delivery of it. After a retry `_r<number>` follows. */
  eventId: string;
}

/**
 * Ends a job, exactly once. In one script: state, result, error, usage, cost, cache, attempt, ledger entry, timeline event, outbox
 * entry (if the job has a webhook or its tenant a subscriber), retention, the batch's counters and, after its last child, its `batch_ready` entry.
 */
export async function finishJob(
  context: RecordsContext,
  jobId: string,
  request: FinishRequest,
): Promise<FinishReply> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return { kind: 'missing' };
  const json = request.ending.result && JSON.stringify(request.ending.result);
  const result = json && context.seals ? await sealResult(context, jobId, json) : json;
  const args = finishArguments(context, { jobId, keys, result }, request);
  const reply = await script(context.redis, finishKeys(keys), args);
  // The replies that finish-job.lua lists.
  const [kind, value] = reply as
    | ['finished', 'job' | 'batch']
    | ['already', TerminalState]
    | ['refused', JobState]
    | ['missing', ''];
  switch (kind) {
    case 'finished':
      if (value === 'batch') await expireChildren(context, keys);
      return { kind };
    case 'already':
      return { kind, state: value };
    case 'refused':
      return { kind, state: value };
    case 'missing':
      return { kind };
  }
}

function finishKeys(keys: JobKeys): string[] {
  return [
    keys.job,
    keys.timeline,
    keys.live,
    keys.retained,
    keys.outbox,
    keys.children,
    keys.subscribers,
    keys.ledger,
    keys.loads,
    keys.deltas,
    ...(keys.parent ? [keys.parent.job, keys.parent.ended] : []),
  ];
}

function finishArguments(
  context: RecordsContext,
  { jobId, keys, result }: { jobId: string; keys: JobKeys; result: string | undefined },
  { ending, eventId, onlyFrom, unlessStarted, run = '' }: FinishRequest,
): (string | number)[] {
  const now = context.clock.now();
  return [
    jobId,
    ending.state,
    now,
    eventId,
    context.config.retentionMs,
    onlyFrom ? `,${onlyFrom.join(',')},` : '',
    unlessStarted ? '1' : '',
    encodeEvent(ending.state, now, eventData(ending)),
    ending.attempt ? JSON.stringify(ending.attempt) : '',
    keys.channel,
    keys.parent?.batchId ?? '',
    ending.entry ? JSON.stringify(ending.entry) : '',
    ending.result ? '' : run,
    deltasTtlMs,
    ...endingFields(ending, result),
  ];
}

function eventData(ending: JobEnding): Record<string, unknown> | undefined {
  if (ending.state === 'completed') return undefined;
  return { error: { code: ending.error.code, message: ending.error.message } };
}

function endingFields(ending: JobEnding, result: string | undefined): string[] {
  const fields: string[] = [];
  if (result !== undefined) fields.push('result', result);
  if (ending.usage) fields.push('usage', JSON.stringify(ending.usage));
  if (ending.costUsd !== undefined) fields.push('costUsd', ending.costUsd);
  if (ending.entry) fields.push('calls', String(ending.entry.call));
  if (ending.priceVersion !== undefined) fields.push('priceVersion', ending.priceVersion);
  const { promptCacheSavedUsd: spared } = ending.entry ?? {};
  if (spared !== undefined) fields.push('promptCacheSaved', spared);
  if (ending.saved) fields.push('saved', JSON.stringify(ending.saved));
  if (ending.state === 'completed') fields.push('cache', JSON.stringify(ending.cache));
  else fields.push('error', JSON.stringify(ending.error));
  return fields;
}

/**
 * Cuts what a batch's ended children have left to the retention. They have a TTL already, a longer one; a crash before
 * this only means that they stay longer. Live children (of a cancelled batch) get theirs when they end: hence XX.
 */
async function expireChildren(context: RecordsContext, keys: JobKeys): Promise<void> {
  const childIds = await context.redis.zrange(keys.children, 0, '-1');
  for (let i = 0; i < childIds.length; i += childrenPerChunk) {
    const pipeline = context.redis.pipeline();
    for (const childId of childIds.slice(i, i + childrenPerChunk)) {
      const child = context.keys.ofJob(childId);
      if (!child) continue;
      pipeline.pexpire(child.job, context.config.retentionMs, 'XX');
      pipeline.pexpire(child.timeline, context.config.retentionMs, 'XX');
    }
    // One chunk after the other is the point of having chunks.
    // oxlint-disable-next-line no-await-in-loop
    await pipeline.exec();
  }
}
