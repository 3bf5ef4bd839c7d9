import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Redis } from 'ioredis';

import { writeTogether } from './write-together.ts';

export type LuaArgument = string | number | Buffer;

/** A Lua script: call it with a connection, its keys and its arguments, and what another package adds to the same step. */
export type LuaScript = (
  redis: Redis,
  keys: readonly string[],
  args: readonly LuaArgument[],
  part?: LuaPart,
) => Promise<unknown>;

/**
 * What another package does inside a script, in one step with it: its own Lua text with its own KEYS and ARGV. The script
 * calls it as `part(…)`, gets what it returns, and knows nothing else of it; `...` is what the script hands over.
 * Without one, `part(…)` does nothing and returns nil.
 */
export interface LuaPart {
  source: string;
  keys: readonly string[];
  args: readonly LuaArgument[];
}

interface Loaded {
  text: string;
  digest: string;
}

/** The text of every script of this process, for {@link sendScripts}. */
const sources: string[] = [];

/**
 * Reads `../lua/<name>.lua` beside the package that calls (`import.meta.url`) and returns it as a function. `functions` are
 * names of files beside it that define what several scripts call.
 * It runs by digest and falls back to the whole text where Redis does not know it yet (first call, restart, failover).
 */
export function loadScript(
  packageUrl: string,
  name: string,
  functions: readonly string[] = [],
): LuaScript {
  const source = [...functions, name].map((file) => readPart(packageUrl, file)).join('\n');
  const alone = load(source.includes('part(') ? withPart(source, noPart) : source);
  const joined = new Map<string, Loaded>();
  return async (redis, keys, args, part) => {
    if (!part) return await run(redis, alone, keys, args);
    let whole = joined.get(part.source);
    if (!whole) joined.set(part.source, (whole = load(withPart(source, part))));
    return await run(redis, whole, [...keys, ...part.keys], [...args, ...part.args]);
  };
}

/** The text of `../lua/<name>.lua`, to run inside another package's script: see {@link LuaPart}. */
export function readPart(packageUrl: string, name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, packageUrl), 'utf8');
}

/**
 * Gives Redis every script of this process, so that the first call of each needs no second try: a call that is sent again
 * arrives after what was sent behind it, and a ticket would overtake its record.
 */
export async function sendScripts(redis: Redis): Promise<void> {
  await Promise.all(sources.map((source) => redis.script('LOAD', source)));
}

function load(text: string): Loaded {
  sources.push(text);
  return { text, digest: createHash('sha1').update(text).digest('hex') };
}

async function run(
  redis: Redis,
  { text, digest }: Loaded,
  keys: readonly string[],
  args: readonly LuaArgument[],
): Promise<unknown> {
  writeTogether(redis);
  try {
    return await redis.evalsha(digest, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.eval(text, keys.length, ...keys, ...args);
  }
}

const noPart: LuaPart = { source: '', keys: [], args: [] };

/** The part's keys and arguments stand behind those of the script; how many they are is the same in every call. */
function withPart(source: string, { source: part, keys, args }: LuaPart): string {
  return `
local allKeys, allArgs = KEYS, ARGV
local function part(...)
  local KEYS = { unpack(allKeys, #allKeys - ${keys.length - 1}) }
  local ARGV = { unpack(allArgs, #allArgs - ${args.length - 1}) }
${part}
end
local KEYS = { unpack(allKeys, 1, #allKeys - ${keys.length}) }
local ARGV = { unpack(allArgs, 1, #allArgs - ${args.length}) }
${source}`;
}
