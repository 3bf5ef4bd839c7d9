-- Appends an event to a job's timeline. The timeline never outlives the record: an ended job's keeps its TTL, and a job
-- that is gone gets none.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 type, 2 now (epoch ms), 3 data (JSON, or empty), 4 most events in a timeline
-- Replies: id of the event | nil when the job is gone

local ttlMs = redis.call('PTTL', KEYS[1])
if ttlMs == -2 then
  return nil
end
local id
if ARGV[3] ~= '' then
  id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'type', ARGV[1], 'at', ARGV[2], 'data', ARGV[3])
else
  id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'type', ARGV[1], 'at', ARGV[2])
end
if ttlMs >= 0 then
  redis.call('PEXPIRE', KEYS[2], math.max(1, ttlMs))
end
return id
