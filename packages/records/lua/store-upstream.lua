-- Keeps what finds a running upstream call again, as long as the job is live.
-- KEYS: 1 job
-- ARGV: 1 handle (JSON; empty: there is nothing to find)
-- Replies: 1 stored, 0 the job has ended or is gone

local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'upstream')
else
  redis.call('HSET', KEYS[1], 'upstream', ARGV[1])
end
return 1
