-- A queued job could not begin: says why, and in the timeline too where it did not wait before. What runs or has ended is
-- left as it is.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 why (JSON), 2 event (JSON), 3 now (epoch ms), 4 channel
-- Replies: 1 the job is queued, 0 it is not

local found = redis.call('HMGET', KEYS[1], 'state', 'waitingOn', 'times')
if found[1] ~= 'queued' then
  return 0
end
if not found[2] then
  redis.call('RPUSH', KEYS[2], ARGV[2])
  redis.call('PUBLISH', ARGV[4], '')
end
redis.call('HSET', KEYS[1], 'waitingOn', ARGV[1], 'times', (spendTime(found[3], ARGV[3], 'limited')))
return 1
