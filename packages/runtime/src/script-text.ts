import { readFileSync } from 'node:fs';

import type { ScriptCall } from './call-together.ts';

/** What a script is made of, each as Lua text. */
export interface ScriptSource {
  /** Functions that it calls; they see no KEYS and no ARGV. */
  functions: string;
  act: string;
  /** What another package does in it, and how many of the last keys and arguments are for that. */
  part: { source: string; keys: number; args: number };
}

const holdBack = readFileSync(new URL('../lua/hold-back.lua', import.meta.url), 'utf8');

/** The text of a script that does one act: its KEYS and ARGV are the act's, and behind them the part's. */
export function textOfOne(source: ScriptSource): string {
  const { keys, args } = source.part;
  return `${functionsOf(source)}
partKeys, partArgs = { unpack(KEYS, #KEYS - ${keys - 1}) }, { unpack(ARGV, #ARGV - ${args - 1}) }
local done, reply = pcall(act, { unpack(KEYS, 1, #KEYS - ${keys}) }, { unpack(ARGV, 1, #ARGV - ${args}) })
writeHeld()
if done or type(reply) == 'table' then return reply end
return redis.error_reply(tostring(reply))`;
}

/**
 * The text of a script that does the acts of {@link joinCalls}, each with its own KEYS and ARGV. One that fails leaves what it
 * did before, as when it runs alone, and the others go on.
 */
export function textOfMany(source: ScriptSource): string {
  const { keys, args } = source.part;
  return `${functionsOf(source)}
local count, perCall, varying = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local own = perCall - ${keys}
local ownKeys = { unpack(KEYS, 1, own) }
partKeys = { unpack(KEYS, own + 1, perCall) }
local replies, key, size, arg = {}, perCall + 1, 4 + varying, 4 + varying + count
for i = 1, count do
  if i > 1 then
    for each = 4, 3 + varying do
      local place = tonumber(ARGV[each])
      if place > own then partKeys[place - own] = KEYS[key] else ownKeys[place] = KEYS[key] end
      key = key + 1
    end
  end
  local behind = arg + tonumber(ARGV[size])
  partArgs = { unpack(ARGV, behind - ${args}, behind - 1) }
  local done, reply = pcall(act, ownKeys, { unpack(ARGV, arg, behind - ${args + 1}) })
  if not done and type(reply) ~= 'table' then reply = redis.error_reply(tostring(reply)) end
  replies[i] = reply or false
  size, arg = size + 1, behind
end
writeHeld()
return replies`;
}

/**
 * Calls with as many keys each, as one. KEYS are those of the first call, and of each other one those at the places where not
 * all have the same. ARGV: 1 how many calls, 2 how many keys each has, 3 how many places differ, then these places, then how many arguments each call
 * has, then the arguments.
 */
export function joinCalls(calls: readonly ScriptCall[]): ScriptCall {
  const [first, ...others] = calls;
  const places = [...(first?.keys ?? []).keys()];
  const differing = places.filter((i) => others.some(({ keys }) => keys[i] !== first?.keys[i]));
  const keys = [...(first?.keys ?? [])];
  const sizes: number[] = [];
  const args: (string | number | Buffer)[] = [];
  for (const call of calls) {
    if (call !== first) for (const place of differing) keys.push(call.keys[place] ?? '');
    sizes.push(call.args.length);
    args.push(...call.args);
  }
  const header = [calls.length, places.length, differing.length];
  return { keys, args: [...header, ...differing.map((i) => i + 1), ...sizes, ...args] };
}

function functionsOf({ functions, act, part }: ScriptSource): string {
  const held = /\b(?:readFields|setField|keepFor|addMember)\(/.test(functions + act + part.source);
  return `${held ? holdBack : 'local function writeHeld() end'}
${functions}
local partKeys, partArgs
local function part(...)
  local KEYS, ARGV = partKeys, partArgs
${part.source}
end
local function act(KEYS, ARGV)
${act}
end`;
}
