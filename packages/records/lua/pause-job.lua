-- A run asks a person: in_progress -> paused. The answer it went on with, if any, has been given.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 event (JSON; empty where the job was paused for the same before)
-- Replies: 1 paused, 0 the job is not in progress

local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'in_progress' then
  return state == 'paused' and 1 or 0
end
-- First, because it cannot grow memory: Redis at maxmemory refuses a script whose first write could.
redis.call('HDEL', KEYS[1], 'waitingOn', 'answer')
redis.call('HSET', KEYS[1], 'state', 'paused')
if ARGV[1] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[1])
end
return 1
