-- A run asks a person: in_progress -> paused. The answer it went on with, if any, has been given.
-- KEYS: 1 job, 2 timeline, 3 loads
-- ARGV: 1 event (JSON; empty where the job was paused for the same before), 2 the run that pauses it, empty for any: one
--       that was taken over moves nothing, 3 now (epoch ms), 4 channel
-- Replies: 1 paused, 0 the job is not in progress

local found = redis.call('HMGET', KEYS[1], 'state', 'run', 'tenant', 'total', 'times')
if found[1] ~= 'in_progress' then
  return found[1] == 'paused' and 1 or 0
end
if ARGV[2] ~= '' and ARGV[2] ~= found[2] then
  return 0
end
-- First, because it cannot grow memory: Redis at maxmemory refuses a script whose first write could.
redis.call('HDEL', KEYS[1], 'waitingOn', 'answer')
local times, _, lasted = spendTime(found[5], ARGV[3], 'paused')
redis.call('HSET', KEYS[1], 'state', 'paused', 'times', times)
if not found[4] then
  endRun(KEYS[3], found[3], lasted)
end
if ARGV[1] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[1])
  redis.call('PUBLISH', ARGV[4], '')
end
return 1
