import { Cluster, type Redis } from 'ioredis';

/** The servers behind a connection: itself, or of a cluster its masters, or those and their replicas. */
export function nodesOf(redis: Redis | Cluster, which: 'master' | 'all' = 'master'): Redis[] {
  return redis instanceof Cluster ? redis.nodes(which) : [redis];
}
