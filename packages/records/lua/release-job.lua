-- The time of a delayed job has come: `part` places its ticket in its lane and returns its rank, 0 when it is there already.
-- A job that is not queued has had its ticket, or needs none.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 event (JSON), 2 now (epoch ms), 3 channel
-- Replies: 1 placed, 0 not

local found = redis.call('HMGET', KEYS[1], 'state', 'times')
if found[1] ~= 'queued' then
  return 0
end
local rank = part() or 0
if rank == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'rank', rank, 'times', (spendTime(found[2], ARGV[2], 'queued')))
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[3], '')
return 1
