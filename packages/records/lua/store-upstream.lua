-- Keeps what finds a running upstream call again, as long as the job is live, and the job by the upstream's own ids for as long
-- as its record can be read. That it has started is told in the timeline, once for each call.
-- KEYS: 1 job, 2 timeline, 3 and 4, where there are any: one for each id
-- ARGV: 1 handle (JSON; empty: there is nothing to find), 2 event (JSON; empty: it has not started), 3 most events in a
--       timeline, 4 channel, 5 job id, 6 how long an id is kept (ms)
-- Replies: 1 stored, 0 the job has ended or is gone

local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'upstream')
  return 1
end
local before = redis.call('HGET', KEYS[1], 'upstream')
redis.call('HSET', KEYS[1], 'upstream', ARGV[1])
if KEYS[3] then
  redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6])
end
if KEYS[4] then
  redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[6])
end
if ARGV[2] == '' or (before and cjson.decode(before).state == 'started') then
  return 1
end
local excess = redis.call('RPUSH', KEYS[2], ARGV[2]) - tonumber(ARGV[3])
if excess > 0 then
  redis.call('LTRIM', KEYS[2], excess, -1)
  redis.call('HINCRBY', KEYS[1], 'droppedEvents', excess)
end
redis.call('PUBLISH', ARGV[4], '')
return 1
