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
local header = {}
for i = 1, 5 do header[i] = tonumber(ARGV[i]) end
local count, keys, args, otherKeys, otherArgs = unpack(header)
local key, arg, replies = keys, 5 + otherKeys + otherArgs + args, {}
local ownKeys, ownArgs = { unpack(KEYS, 1, keys - ${keys}) }, { unpack(ARGV, arg - args + 1, arg - ${args}) }
partKeys, partArgs = { unpack(KEYS, keys - ${keys - 1}, keys) }, { unpack(ARGV, arg - ${args - 1}, arg) }
-- Where the values go in which not all calls have the same: lists and places in them.
local function targets(first, count, own, ofPart)
  local lists, places = {}, {}
  for i = 1, count do
    local place = tonumber(ARGV[first + i])
    local isOwn = place <= #own
    lists[i], places[i] = isOwn and own or ofPart, isOwn and place or place - #own
  end
  return lists, places
end
local keyLists, keyPlaces = targets(5, otherKeys, ownKeys, partKeys)
local argLists, argPlaces = targets(5 + otherKeys, otherArgs, ownArgs, partArgs)
for i = 1, count do
  if i > 1 then
    for each = 1, otherKeys do
      keyLists[each][keyPlaces[each]] = KEYS[key + each]
    end
    for each = 1, otherArgs do
      argLists[each][argPlaces[each]] = ARGV[arg + each]
    end
    key, arg = key + otherKeys, arg + otherArgs
  end
  local done, reply = pcall(act, ownKeys, ownArgs)
  if not done and type(reply) ~= 'table' then reply = redis.error_reply(tostring(reply)) end
  replies[i] = reply or false
end
writeHeld()
return replies`;
}

/** Longer texts are hardly ever the same, and take time to compare. */
const longestShared = 64;

/**
 * Calls with as many keys and as many arguments each, as one. KEYS are those of the first call, and of each other one those at
 * the places where not all have the same. ARGV: 1 how many calls, 2 and 3 how many keys and arguments each has, 4 and 5 at how
 * many places of these they differ, then these places, then the arguments as the keys.
 */
export function joinCalls(calls: readonly ScriptCall[]): ScriptCall {
  const keys = join(calls.map((call) => call.keys));
  const args = join(calls.map((call) => call.args));
  const header = [calls.length, keys.count, args.count, keys.places.length, args.places.length];
  return { keys: keys.values, args: [...header, ...keys.places, ...args.places, ...args.values] };
}

/** The places (from 1) where not all lists have the same; the first list, and of each other one what stands in these places. */
function join<Value extends string | number | Buffer>(
  lists: readonly (readonly Value[])[],
): { count: number; places: number[]; values: Value[] } {
  const [first = []] = lists;
  const places: number[] = [];
  for (let at = 0; at < first.length; at += 1) if (!isShared(lists, at)) places.push(at + 1);
  const values = [...first];
  for (const list of lists.slice(1)) {
    // All lists are as long.
    for (const place of places) values.push(list[place - 1] as Value);
  }
  return { count: first.length, places, values };
}

function isShared(lists: readonly (readonly (string | number | Buffer)[])[], at: number): boolean {
  const value = lists[0]?.[at] ?? '';
  if (typeof value !== 'number' && value.length > longestShared) return false;
  for (const list of lists) if (list[at] !== value) return false;
  return true;
}

function functionsOf({ functions, act, part }: ScriptSource): string {
  const held = /\b(?:readField|setField|keepFor|addMember|dropMemberFirst|askOnce|timeNow)\(/.test(
    functions + act + part.source,
  );
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
