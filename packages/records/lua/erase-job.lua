-- Removes an ended job and every mention of it; a live one is left as it is.
-- KEYS: 1 job, 2 timeline, 3 retained jobs, 4 the tenant's index, 5 this job's index of children,
--       6 deltas, 7 ended children, 8 the tenant's batches, 9 Idempotency-Key (optional)
-- ARGV: 1 job id, 2 tenant id
-- Replies: 1 erased, 0 not there, -1 live

local state = redis.call('HGET', KEYS[1], 'state')
if state == 'queued' or state == 'in_progress' or state == 'paused' then
  return -1
end
redis.call('ZREM', KEYS[3], ARGV[1] .. ' ' .. ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[8], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[5], KEYS[6], KEYS[7])
if KEYS[9] and redis.call('HGET', KEYS[9], 'job') == ARGV[1] then
  redis.call('DEL', KEYS[9])
end
return redis.call('DEL', KEYS[1])
