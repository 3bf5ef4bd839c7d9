-- An ended job is tried again: failed, cancelled or expired -> queued. What its last try came to is kept beside it, and
-- `part` places the ticket of the new one and returns its rank. Of many callers at once one moves it.
-- KEYS: 1 job, 2 timeline, 3 live jobs, 4 retained jobs, 5 loads
-- ARGV: 1 job id, 2 tenant id, 3 number of the new try: 1 for the first retry, 4 next check (epoch ms), 5 event (JSON),
--       6 the try that ended (JSON), 7 now (epoch ms), 8… field and value pairs of the record
-- Replies: {'queued'} | {'refused', state: it may not be retried from there} | {'changed': retried and ended again meanwhile} |
--          {'missing'}

local found = redis.call('HMGET', KEYS[1], 'state', 'retries', 'earlierTries', 'times')
local state = found[1]
if not state then
  return { 'missing' }
end
if state ~= 'failed' and state ~= 'cancelled' and state ~= 'expired' then
  return { 'refused', state }
end
if tonumber(found[2] or 0) ~= tonumber(ARGV[3]) - 1 then
  return { 'changed' }
end

redis.call('ZREM', KEYS[4], ARGV[1] .. ' ' .. ARGV[2])
redis.call('HDEL', KEYS[1], 'endedAt', 'startedAt', 'error', 'result', 'usage', 'costUsd', 'cache', 'waitingOn', 'upstream',
  'answer', 'lane', 'targetIndex', 'moves', 'routing', 'attempts', 'interruptions', 'run')
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, 'retries', ARGV[3],
  'earlierTries', found[3] and (found[3] .. ',' .. ARGV[6]) or ARGV[6],
  'times', (spendTime(found[4], ARGV[7], 'queued')), unpack(ARGV, 8))
addLoad(KEYS[5], ARGV[2], 'jobs', 1)
addLoad(KEYS[5], ARGV[2], 'bytes', redis.call('HSTRLEN', KEYS[1], 'input'))
redis.call('RPUSH', KEYS[2], ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return { 'queued' }
