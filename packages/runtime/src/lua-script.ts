import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Redis } from 'ioredis';

import { callTogether, sendTogether, type CallGroup, type ScriptCall } from './call-together.ts';
import { joinCalls, textOfMany, textOfOne } from './script-text.ts';
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
   * them must have come before. `soon`: as soon as 8 wait they leave, so that Redis begins while this process goes on; to wait
   * for the end of the turn is cheaper, but both had less to do (a busy worker did 3 % more jobs so).
   */
  together?: boolean | 'last' | 'soon';
}

const soonAt = 8;

interface Loaded {
  text: string;
  digest: string;
}

const noPart: LuaPart = { source: '', keys: [], args: [] };

/** A script, and where several calls of it may run at once, how. */
interface Script {
  one: Loaded;
  group?: CallGroup;
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
  const source = {
    functions: functions.map((file) => readPart(packageUrl, file)).join('\n'),
    act: readPart(packageUrl, name),
  };
  const prepare = ({ source: text, keys, args }: LuaPart): Script => {
    const whole = { ...source, part: { source: text, keys: keys.length, args: args.length } };
    const one = load(textOfOne(whole));
    if (!together) return { one };
    return { one, group: groupOf(one, load(textOfMany(whole)), together) };
  };
  const alone = prepare(noPart);
  const joined = new Map<string, Script>();
  // No function of the way of a call is async but the last: each would cost every job of a worker a promise and a turn.
  return (redis, keys, args, part) => {
    if (!part) return call(redis, alone, { keys, args });
    let whole = joined.get(part.source);
    if (!whole) joined.set(part.source, (whole = prepare(part)));
    return call(redis, whole, {
      keys: keys.concat(part.keys),
      args: args.concat(part.args),
    });
  };
}

const partAlone = loadScript(import.meta.url, 'run-part', [], { together: true });

/** Runs a part by itself and resolves to what it returns. */
export async function runPart(redis: Redis, part: LuaPart): Promise<unknown> {
  return await partAlone(redis, [], [], part);
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

function call(redis: Redis, { one, group }: Script, asked: ScriptCall): Promise<unknown> {
  if (group) return callTogether(redis, group, asked);
  sendTogether(redis);
  writeTogether(redis);
  return run(redis, one, asked);
}

function groupOf(one: Loaded, many: Loaded, together: ScriptOptions['together']): CallGroup {
  return {
    isLast: together === 'last',
    leavesAt: together === 'soon' ? soonAt : undefined,
    async run(redis, calls) {
      const [only] = calls;
      if (only && calls.length === 1) return [await run(redis, one, only)];
      return (await run(redis, many, joinCalls(calls))) as unknown[];
    },
  };
}

async function run(
  redis: Redis,
  { text, digest }: Loaded,
  { keys, args }: ScriptCall,
): Promise<unknown> {
  const given: LuaArgument[] = [...keys];
  given.push(...args);
  try {
    return await redis.evalsha(digest, keys.length, ...given);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.eval(text, keys.length, ...given);
  }
}
