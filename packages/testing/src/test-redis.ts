import { randomBytes } from 'node:crypto';

import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';

import { assertNoLeaks } from './assert-no-leaks.ts';

/** A connection for one test, and a root for its keys that no other test has. */
export interface TestRedis {
  readonly redis: Redis;
  readonly url: string;
  /** In place of `sluice` at the start of every key, for example `t3f9a01c2`. */
  readonly root: string;
  /** All keys under `root`, sorted. */
  readonly keys: () => Promise<string[]>;
}

/** What `testRedis` checks when the test ends. */
export interface TestRedisOptions {
  /**
   * Given: every key left under `root` must have a TTL or match one of these patterns, whose owner
   * trims it. Not given: no check.
   */
  readonly ownedKeys?: readonly RegExp[];
  /** Another server than the run's shared one. */
  readonly url?: string;
}

/**
 * Connects to the run's Redis. Call it in a test or in `beforeEach`: when the test ends, the keys are
 * checked for leaks (see `ownedKeys`) and deleted, and the connection is closed.
 */
export async function testRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const url = options.url ?? inject('redisUrl');
  const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true });
  await redis.connect();
  const root = `t${randomBytes(5).toString('hex')}`;
  const keys = async () => await findKeys(redis, root);
  onTestFinished(async () => {
    try {
      if (options.ownedKeys) await assertNoLeaks(redis, await keys(), options.ownedKeys);
    } finally {
      const left = await keys();
      if (left.length > 0) await redis.unlink(left);
      redis.disconnect();
    }
  });
  return { redis, url, root, keys };
}

async function findKeys(redis: Redis, root: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await redis.scan(cursor, 'MATCH', `*${root}*`, 'COUNT', 1_000);
    for (const key of page) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found].sort();
}
