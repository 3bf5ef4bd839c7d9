import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { readSummaries } from './read-job.ts';
import type { JobSummary } from './record-codec.ts';

const trimScript = loadScript(import.meta.url, 'trim-index');

/** What the sweeper gets of a live job: enough to see whether it is late and to make its ticket anew. */
export type DueJob = JobSummary;

/**
 * Live jobs of a shard whose next check has come, the longest overdue first, at most `limit`. They stay due until
 * they end or are postponed. Ids without a record (there are none, unless somebody deleted keys) are dropped on the way.
 */
export async function dueJobs(
  context: RecordsContext,
  shard: number,
  limit: number,
): Promise<DueJob[]> {
  const live = context.keys.live(shard);
  const now = context.clock.now();
  const jobIds = await context.redis.zrangebyscore(live, '-inf', now, 'LIMIT', 0, limit);
  const summaries = await readSummaries(context, jobIds);
  const gone = jobIds.filter((_, i) => !summaries[i]);
  if (gone.length > 0) await context.redis.zrem(live, ...gone);
  return summaries.filter((summary) => summary !== undefined);
}

/** Sets when the sweeper looks at a job again (epoch ms, see nextCheckAt). Nothing when the job has ended. */
export async function postponeCheck(
  context: RecordsContext,
  jobId: string,
  nextCheckMs: number,
): Promise<void> {
  const keys = context.keys.ofJob(jobId);
  if (keys) await context.redis.zadd(keys.live, 'XX', nextCheckMs, jobId);
}

/** How many jobs of a shard have not ended. */
export async function countLive(context: RecordsContext, shard: number): Promise<number> {
  return context.redis.zcard(context.keys.live(shard));
}

/**
 * Takes jobs whose retention is over out of their tenants' indexes, at most `limit`; their records went by TTL. Returns
 * how many: call again while it is `limit`. The sweeper's work; without it the indexes would grow for ever.
 */
export async function trimIndexes(
  context: RecordsContext,
  shard: number,
  limit: number,
): Promise<number> {
  const retained = context.keys.retained(shard);
  const now = context.clock.now();
  const members = await context.redis.zrangebyscore(retained, '-inf', now, 'LIMIT', 0, limit);
  const byTenant = Map.groupBy(members, (member) => member.slice(member.indexOf(' ') + 1));
  await Promise.all(
    [...byTenant].map(([tenantId, ofTenant]) =>
      trimScript(
        context.redis,
        [retained, context.keys.tenant(shard, tenantId), context.keys.batches(shard, tenantId)],
        [tenantId, ...ofTenant.map((member) => member.slice(0, member.indexOf(' ')))],
      ),
    ),
  );
  return members.length;
}
