-- Removes an ended job and every mention of it; a live one is left as it is.
-- KEYS: 1 job, 2 timeline, 3 retained jobs, 4 the tenant's index, 5 this job's index of children,
--       6 deltas, 7 Idempotency-Key (optional)
-- ARGV: 1 job id, 2 tenant id
-- Replies: 1 erased, 0 not there, -1 live

local state = redis.call('HGET', KEYS[1], 'state')
if state == 'queued' or state == 'in_progress' or state == 'paused' then
  return -1
end
redis.call('ZREM', KEYS[3], ARGV[1] .. ' ' .. ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[5], KEYS[6])
if KEYS[7] and redis.call('HGET', KEYS[7], 'job') == ARGV[1] then
  redis.call('DEL', KEYS[7])
end
return redis.call('DEL', KEYS[1])
