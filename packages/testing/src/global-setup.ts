import type { TestProject } from 'vitest/node';

import { startContainerRedis } from './start-container-redis.ts';
import { startTestRedis } from './start-test-redis.ts';

declare module 'vitest' {
  /** What tests get with `inject(…)`. */
  export interface ProvidedContext {
    /** The private Redis of this run of all tests. Use it under a key prefix of your own: see `testRedis`. */
    redisUrl: string;
  }
}

/**
 * Starts one Redis for the whole run: in a container where there is a container runtime, else a local
 * process. A Redis of the developer (REDIS_URL) is never touched; SLUICE_TEST_REDIS_URL names one that may be.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['SLUICE_TEST_REDIS_URL'];
  if (given) {
    project.provide('redisUrl', given);
    return async () => {};
  }
  const redis = (await startContainerRedis()) ?? (await startTestRedis());
  project.provide('redisUrl', redis.url);
  return async () => await redis.stop();
}
