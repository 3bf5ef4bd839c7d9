import type { JobEnding } from '@sluice/contracts';
import { loadScript, newId } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { finishJob } from './finish-job.ts';
import type { JobKeys } from './keys.ts';

const script = loadScript(import.meta.url, 'erase-job');

const erasedWhileLive: JobEnding = {
  state: 'cancelled',
  error: { code: 'cancelled', message: 'The job was erased.', retryable: false },
};

/**
 * Removes a job and every mention of it: record, timeline, deltas, places in indexes, its Idempotency-Key, and of a batch all
 * children. A live job is cancelled first, so that whoever waits for it or counts it is told. `false`: it was not there.
 */
export async function eraseJob(context: RecordsContext, jobId: string): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const eventId = newId('evt', context.clock.now());
  await finishJob(context, jobId, { ending: erasedWhileLive, eventId });
  for (const childId of await context.redis.zrange(keys.children, 0, '-1')) {
    // One after the other: erasing is rare and must not hold up others.
    // oxlint-disable-next-line no-await-in-loop
    await eraseJob(context, childId);
  }
  return eraseEnded(context, jobId, keys);
}

async function eraseEnded(context: RecordsContext, jobId: string, keys: JobKeys): Promise<boolean> {
  const [tenantId, idempotency] = await context.redis.hmget(keys.job, 'tenant', 'idempotency');
  if (!tenantId) return false;
  const names = [
    keys.job,
    keys.timeline,
    keys.retained,
    context.keys.tenant(keys.shard, tenantId),
    keys.children,
    keys.deltas,
    keys.ended,
    context.keys.batches(keys.shard, tenantId),
  ];
  if (idempotency) names.push(context.keys.idempotency(keys.shard, idempotency));
  return (await script(context.redis, names, [jobId, tenantId])) === 1;
}
