import { createHash } from 'node:crypto';

import type { UpstreamHandle } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { encodeEvent, maxTimelineEvents } from './timeline.ts';

const storeUpstreamScript = loadScript(import.meta.url, 'store-upstream');

/** A run that waits for people takes days before its record's retention begins. */
const longestRunMs = 30 * 86_400_000;

/**
 * Keeps what finds the running upstream call again; `undefined` forgets it. Of one that has started the job is found by the
 * upstream's ids, and an event `upstream_started` has them. `false`: the job has ended or is gone, so the call should stop.
 */
export async function storeUpstream(
  context: RecordsContext,
  jobId: string,
  handle: UpstreamHandle | undefined,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const { redis, clock, config } = context;
  const hasStarted = handle?.state === 'started';
  const ids = hasStarted ? [handle.task_id, handle.run_id] : [];
  const names = ids.flatMap((id) => (id === undefined ? [] : [keyOf(context, keys.shard, id)]));
  const event = hasStarted ? encodeEvent('upstream_started', clock.now(), idsOf(handle)) : '';
  const reply = await storeUpstreamScript(
    redis,
    [keys.job, keys.timeline, ...names],
    [
      handle ? JSON.stringify(handle) : '',
      event,
      maxTimelineEvents,
      keys.channel,
      jobId,
      config.retentionMs + longestRunMs,
    ],
  );
  return reply === 1;
}

/**
 * The job whose call the upstream knows by this id, a task's or a run's; `undefined` where there is none. It may be another
 * tenant's, and it may be erased.
 */
export async function jobOfUpstream(
  context: RecordsContext,
  upstreamId: string,
): Promise<string | undefined> {
  const found = await Promise.all(
    Array.from({ length: context.shards }, (_, shard) =>
      context.redis.get(keyOf(context, shard, upstreamId)),
    ),
  );
  return found.find((jobId) => jobId !== null) ?? undefined;
}

/** As a result names them. */
function idsOf({ task_id, run_id, conversation_id, message_id }: UpstreamHandle) {
  return {
    ...(task_id !== undefined && { task_id }),
    ...(run_id !== undefined && { workflow_run_id: run_id }),
    ...(conversation_id !== undefined && { conversation_id }),
    ...(message_id !== undefined && { message_id }),
  };
}

function keyOf({ keys }: RecordsContext, shard: number, upstreamId: string): string {
  return keys.upstream(shard, createHash('sha256').update(upstreamId).digest('hex'));
}
