import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Redis } from 'ioredis';

import { callTogether, sendTogether, type ScriptCall } from './call-together.ts';
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

export interface ScriptOptions {
  /**
   * Calls of one turn of the event loop run as one command: for acts that come in numbers. Each succeeds or fails by itself.
   * See {@link callTogether} for what that means for their order. `last`: behind the other acts of the turn, where one of
   * them must have come before.
   */
  together?: boolean | 'last';
}

interface Loaded {
  text: string;
  digest: string;
}

/** A script, and the same one for several calls at once. */
interface Script {
  one: Loaded;
  many?: Loaded;
  isLast: boolean;
}

/** The text of every script of this process, for {@link sendScripts}. */
const sources: string[] = [];

/**
 * Reads `../lua/<name>.lua` beside the package that calls (`import.meta.url`) and returns it as a function. It runs by digest
 * and falls back to the whole text where Redis does not know it yet (first call, restart, failover). `functions` are names
 * of files beside it that define what several scripts call.
 */
export function loadScript(
  packageUrl: string,
  name: string,
  functions: readonly string[] = [],
  { together = false }: ScriptOptions = {},
): LuaScript {
  const source = [...functions, name].map((file) => readPart(packageUrl, file)).join('\n');
  const prepare = (text: string): Script => ({
    one: load(text),
    ...(together && { many: load(forMany(text)) }),
    isLast: together === 'last',
  });
  const alone = prepare(source.includes('part(') ? withPart(source, noPart) : source);
  const joined = new Map<string, Script>();
  return async (redis, keys, args, part) => {
    if (!part) return await call(redis, alone, { keys, args });
    let whole = joined.get(part.source);
    if (!whole) joined.set(part.source, (whole = prepare(withPart(source, part))));
    return await call(redis, whole, {
      keys: [...keys, ...part.keys],
      args: [...args, ...part.args],
    });
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

async function call(
  redis: Redis,
  { one, many, isLast }: Script,
  asked: ScriptCall,
): Promise<unknown> {
  if (!many) {
    sendTogether(redis);
    writeTogether(redis);
    return await run(redis, one, asked);
  }
  // What stands in one command must be in one slot of a cluster.
  const group = { name: `${many.digest} ${hashTagOf(asked.keys[0] ?? '')}`, isLast };
  return await callTogether(redis, group, asked, async (calls) => {
    const [only] = calls;
    if (only && calls.length === 1) return [await run(redis, one, only)];
    return (await run(redis, many, joinCalls(calls))) as unknown[];
  });
}

function hashTagOf(key: string): string {
  return key.slice(key.indexOf('{'), key.indexOf('}'));
}

async function run(
  redis: Redis,
  { text, digest }: Loaded,
  { keys, args }: ScriptCall,
): Promise<unknown> {
  try {
    return await redis.evalsha(digest, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.eval(text, keys.length, ...keys, ...args);
  }
}

/** ARGV 1 number of calls, then the number of keys and of arguments of each, then the arguments. */
function joinCalls(calls: readonly ScriptCall[]): ScriptCall {
  return {
    keys: calls.flatMap(({ keys }) => keys),
    args: [
      calls.length,
      ...calls.flatMap(({ keys, args }) => [keys.length, args.length]),
      ...calls.flatMap(({ args }) => args),
    ],
  };
}

/** Each call gets its own KEYS and ARGV. One that fails leaves what it did before, as when it runs alone, and the others go on. */
function forMany(source: string): string {
  return `
local function act(KEYS, ARGV)
${source}
end
local replies, count, key, arg = {}, tonumber(ARGV[1]), 1, 2 + 2 * ARGV[1]
for i = 1, count do
  local keys, args = tonumber(ARGV[i * 2]), tonumber(ARGV[i * 2 + 1])
  local done, reply = pcall(act, { unpack(KEYS, key, key + keys - 1) }, { unpack(ARGV, arg, arg + args - 1) })
  if not done and type(reply) ~= 'table' then reply = redis.error_reply(tostring(reply)) end
  replies[i] = reply or false
  key, arg = key + keys, arg + args
end
return replies`;
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
