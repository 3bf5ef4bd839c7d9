import { fileURLToPath } from 'node:url';

import { createLogger, findRedisServer, type RedisServer } from '@sluice/runtime';

const toolsDir = fileURLToPath(new URL('../../../.tools', import.meta.url));

/** The Redis of this machine, found and fetched as the product does it. */
export async function findTestRedis(): Promise<RedisServer> {
  return await findRedisServer({ toolsDir, log: createLogger({ name: 'test' }) });
}
