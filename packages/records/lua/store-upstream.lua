-- Keeps what finds a running upstream call again, as long as the job is live.
-- KEYS: 1 job
-- ARGV: 1 handle (JSON)
-- Replies: 1 stored, 0 the job has ended or is gone

local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
redis.call('HSET', KEYS[1], 'upstream', ARGV[1])
return 1
