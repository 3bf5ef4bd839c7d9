import { heartbeat, heartbeatKey, workerIdsKey, type Heartbeat } from '@sluice/contracts';
import type { Redis } from '@sluice/runtime';
import type { Config } from '@sluice/config';

/** The heartbeats of all live workers. Ids of workers that are gone are taken out of the set on the way. */
export async function readHeartbeats({
  redis,
  config: { root },
}: {
  redis: Redis;
  config: Config;
}): Promise<Heartbeat[]> {
  const ids = await redis.smembers(workerIdsKey(root));
  const texts = await Promise.all(ids.map((id) => redis.get(heartbeatKey(root, id))));
  const gone = ids.filter((_, index) => texts[index] === null);
  if (gone.length > 0) await redis.srem(workerIdsKey(root), ...gone);
  return texts.flatMap((text) => {
    const parsed = text === null ? undefined : heartbeat.safeParse(JSON.parse(text));
    // One of another version counts as absent: a rolling update must not take the API down.
    return parsed?.success ? [parsed.data] : [];
  });
}
