import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';

const addScript = loadScript(import.meta.url, 'add-subscriber');
const removeScript = loadScript(import.meta.url, 'remove-subscriber');

/**
 * From now on the end of each job of the tenant is written to the outbox, children of batches excepted. `generation`
 * grows with each call for the tenant, so that a removal which was overtaken changes nothing. Resolves when every shard
 * knows; a failure may leave some of them knowing.
 */
export async function addSubscriber(
  { redis, keys, shards }: RecordsContext,
  tenantId: string,
  generation: number,
): Promise<void> {
  const all = Array.from({ length: shards }, (_, shard) => keys.subscribers(shard));
  await Promise.all(all.map((key) => addScript(redis, [key], [tenantId, generation])));
}

/** Undoes every addSubscriber with this generation or an older one. */
export async function removeSubscriber(
  { redis, keys, shards }: RecordsContext,
  tenantId: string,
  generation: number,
): Promise<void> {
  const all = Array.from({ length: shards }, (_, shard) => keys.subscribers(shard));
  await Promise.all(all.map((key) => removeScript(redis, [key], [tenantId, generation])));
}
