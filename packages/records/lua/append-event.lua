-- Appends an event to a job's timeline. The timeline never outlives the record: an ended job's keeps its TTL, and a job
-- that is gone gets none.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 event (JSON), 2 most events in a timeline, 3 channel
-- Replies: 1 appended, 0 the job is gone

local ttlMs = redis.call('PTTL', KEYS[1])
if ttlMs == -2 then
  return 0
end
local excess = redis.call('RPUSH', KEYS[2], ARGV[1]) - tonumber(ARGV[2])
if excess > 0 then
  redis.call('LTRIM', KEYS[2], excess, -1)
  redis.call('HINCRBY', KEYS[1], 'droppedEvents', excess)
end
if ttlMs >= 0 then
  redis.call('PEXPIRE', KEYS[2], math.max(1, ttlMs))
end
redis.call('PUBLISH', ARGV[3], '')
return 1
