import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Redis } from 'ioredis';

export type LuaArgument = string | number | Buffer;

/** A Lua script: call it with a connection, its keys and its arguments. */
export type LuaScript = (
  redis: Redis,
  keys: readonly string[],
  args: readonly LuaArgument[],
) => Promise<unknown>;

/** The text of every script of this process, for {@link sendScripts}. */
const sources: string[] = [];

/**
 * Reads `../lua/<name>.lua` beside the package that calls (`import.meta.url`) and returns it as a function.
 * It runs by digest and falls back to the whole text where Redis does not know it yet (first call, restart, failover).
 */
export function loadScript(packageUrl: string, name: string): LuaScript {
  const source = readFileSync(new URL(`../lua/${name}.lua`, packageUrl), 'utf8');
  sources.push(source);
  const digest = createHash('sha1').update(source).digest('hex');
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await redis.eval(source, keys.length, ...keys, ...args);
    }
  };
}

/**
 * Gives Redis every script of this process, so that the first call of each needs no second try: a call that is sent again
 * arrives after what was sent behind it, and a ticket would overtake its record.
 */
export async function sendScripts(redis: Redis): Promise<void> {
  await Promise.all(sources.map((source) => redis.script('LOAD', source)));
}
