import { z } from 'zod';

/** How long a heartbeat counts, in milliseconds. The worker writes one every 2 s, so seven may get lost. */
export const heartbeatTtlMs = 15_000;

/**
 * What a worker process says of itself every 2 s. It lives in Redis as JSON in {@link heartbeatKey} with a TTL of
 * {@link heartbeatTtlMs}. The set in {@link workerIdsKey} names the ids: the writer adds its own at every write (SADD,
 * PEXPIRE with the same TTL), so that readers need no SCAN; readers remove the ids whose heartbeat is gone.
 */
export const heartbeat = z.object({
  id: z.string(),
  startedAtMs: z.number(),
  /** What this process does, for example `run`, `deliver`, `sweep`. */
  roles: z.array(z.string()),
  /** For each lane it serves: when it last took a ticket (its start before the first), and how many it runs now. */
  lanes: z.record(z.string(), z.object({ lastTakenAtMs: z.number(), running: z.number() })),
  /** prom-client's `registry.getMetricsAsJSON()`. */
  metrics: z.array(z.unknown()),
});
export type Heartbeat = z.infer<typeof heartbeat>;

/** Key of one worker's heartbeat. */
export function heartbeatKey(root: string, workerId: string): string {
  return `${root}:workers:${workerId}`;
}

/** Key of the set of worker ids. */
export function workerIdsKey(root: string): string {
  return `${root}:workers`;
}

/** Pub/sub channel that tells every worker to abort the call of a job; the message is the job's id. */
export function cancelChannel(root: string): string {
  return `${root}:cancel`;
}
